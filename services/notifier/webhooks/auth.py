"""Who may see and manage webhook endpoints."""

from typing import Annotated

from shared.http.dependencies import work_with
from shared.work import Work

WebhooksRead = Annotated[Work, work_with("webhooks:read")]
WebhooksWrite = Annotated[Work, work_with("webhooks:write")]
