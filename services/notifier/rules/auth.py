"""Who may read and change rules."""

from typing import Annotated

from shared.http.dependencies import work_with
from shared.work import Work

RulesRead = Annotated[Work, work_with("rules:read")]
RulesWrite = Annotated[Work, work_with("rules:write")]
