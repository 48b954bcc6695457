"""Who may say what customers are worth, and what they cost."""

from typing import Annotated

from shared.http.dependencies import work_with
from shared.work import Work

MetricsWrite = Annotated[Work, work_with("metrics:write")]
