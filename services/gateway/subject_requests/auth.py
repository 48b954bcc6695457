"""Who may use people's rights for them, and see what came of it."""

from typing import Annotated

from shared.http.dependencies import work_with
from shared.work import Work

SubjectsRead = Annotated[Work, work_with("subjects:read")]
SubjectsWrite = Annotated[Work, work_with("subjects:write")]
