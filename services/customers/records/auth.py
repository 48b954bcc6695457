"""Who may do what with customer records."""

from typing import Annotated

from shared.http.dependencies import work_with
from shared.work import Work

WRITE = "customers:write"

CustomersRead = Annotated[Work, work_with("customers:read")]
CustomersWrite = Annotated[Work, work_with(WRITE)]
