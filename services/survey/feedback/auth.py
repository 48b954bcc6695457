"""What a credential must allow."""

from typing import Annotated

from shared.http.dependencies import work_with
from shared.work import Work

FeedbackRead = Annotated[Work, work_with("feedback:read")]
FeedbackWrite = Annotated[Work, work_with("feedback:write")]
