"""Who may read metrics."""

from typing import Annotated

from shared.http.dependencies import work_with
from shared.work import Work

MetricsRead = Annotated[Work, work_with("metrics:read")]
