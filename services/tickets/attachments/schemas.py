"""Files of tickets as they go out."""

from datetime import datetime
from uuid import UUID

from shared.http.schemas import Model


class AttachmentOut(Model):
    """`message_id` is null until a message names it. `media_type` is what its bytes say it is; `size` in bytes."""

    id: UUID
    ticket_id: UUID
    message_id: UUID | None
    name: str
    media_type: str
    size: int
    created_at: datetime
