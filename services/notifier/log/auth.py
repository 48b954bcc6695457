"""Who may read the feed."""

from typing import Annotated

from shared.http.dependencies import work_with
from shared.work import Work

EventsRead = Annotated[Work, work_with("events:read")]
