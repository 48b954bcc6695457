"""What a credential must allow."""

from typing import Annotated, Final

from shared.http.dependencies import work_with
from shared.work import Work

WRITE: Final = "responses:write"
ResponsesRead = Annotated[Work, work_with("responses:read")]
ResponsesWrite = Annotated[Work, work_with(WRITE)]
