"""Who may read and write messages."""

from typing import Annotated

from shared.http.dependencies import work_with
from shared.work import Work

MessagesRead = Annotated[Work, work_with("messages:read")]
MessagesWrite = Annotated[Work, work_with("messages:write")]
