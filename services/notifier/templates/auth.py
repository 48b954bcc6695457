"""Who may read and change texts."""

from typing import Annotated

from shared.http.dependencies import work_with
from shared.work import Work

TemplatesRead = Annotated[Work, work_with("templates:read")]
TemplatesWrite = Annotated[Work, work_with("templates:write")]
