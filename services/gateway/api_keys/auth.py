from typing import Annotated

from shared.http.dependencies import work_with
from shared.work import Work

APIKeysRead = Annotated[Work, work_with("api_keys:read")]
APIKeysWrite = Annotated[Work, work_with("api_keys:write")]
