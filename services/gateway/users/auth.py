from typing import Annotated

from shared.http.dependencies import work_with
from shared.work import Work

UsersRead = Annotated[Work, work_with("users:read")]
UsersWrite = Annotated[Work, work_with("users:write")]
