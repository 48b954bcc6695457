"""Bodies of `/v1/uploads`."""

from datetime import datetime
from uuid import UUID

from shared.http.schemas import Model


class UploadOut(Model):
    """`media_type` is what its bytes say it is; `response_id` is null until a response names it. `size` in bytes."""

    id: UUID
    survey_id: UUID
    question: str
    response_id: UUID | None
    name: str
    media_type: str
    size: int
    created_at: datetime
