from typing import Annotated

from shared.http.dependencies import work_with
from shared.work import Work

AuditRead = Annotated[Work, work_with("audit:read")]
