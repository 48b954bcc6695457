"""What a credential must allow."""

from typing import Annotated

from shared.http.dependencies import work_with
from shared.work import Work

SurveysRead = Annotated[Work, work_with("surveys:read")]
SurveysWrite = Annotated[Work, work_with("surveys:write")]
