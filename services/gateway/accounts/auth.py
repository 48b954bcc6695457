from typing import Annotated

from shared.http.dependencies import work_with
from shared.work import Work

AccountsWrite = Annotated[Work, work_with("accounts:write")]
SignedIn = Annotated[Work, work_with(None)]
