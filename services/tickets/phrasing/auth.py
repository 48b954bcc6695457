"""What a credential must allow. Where customers' words go is decided by those who may make rules."""

from typing import Annotated

from shared.http.dependencies import work_with
from shared.work import Work

WordingRead = Annotated[Work, work_with("tickets:read")]
WordingWrite = Annotated[Work, work_with("rules:write")]
