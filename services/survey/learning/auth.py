"""What a credential must allow. How texts are read is decided by those who may change surveys."""

from typing import Annotated

from shared.http.dependencies import work_with
from shared.work import Work

ModelsRead = Annotated[Work, work_with("feedback:read")]
ModelsWrite = Annotated[Work, work_with("surveys:write")]
