"""Who may do what with tickets, their conversation, their targets and their loops."""

from typing import Annotated

from shared.http.dependencies import work_with
from shared.work import Work

TicketsRead = Annotated[Work, work_with("tickets:read")]
TicketsWrite = Annotated[Work, work_with("tickets:write")]
