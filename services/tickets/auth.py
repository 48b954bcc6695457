"""Who may do what with tickets, their conversation, their targets and their loops. Which tickets: see `access`."""

from typing import Annotated

from services.tickets.access.edge import sighted
from shared.work import Work

TicketsRead = Annotated[Work, sighted("tickets:read")]
TicketsWrite = Annotated[Work, sighted("tickets:write")]
