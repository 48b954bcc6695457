"""Who may do what with customer records."""

from typing import Annotated

from shared.http.dependencies import work_with
from shared.work import Work

READ, WRITE = "customers:read", "customers:write"

CustomersRead = Annotated[Work, work_with(READ)]
CustomersWrite = Annotated[Work, work_with(WRITE)]
