"""What a credential must allow."""

from typing import Annotated

from shared.http.dependencies import work_with
from shared.work import Work

SourcesRead = Annotated[Work, work_with("sources:read")]
SourcesWrite = Annotated[Work, work_with("sources:write")]
