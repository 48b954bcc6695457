"""Attachments as they go out."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from services.survey.hearing.canonical import Refusal
from shared.http.schemas import Model


class AttachmentOut(Model):
    """`media_type` is what its bytes say it is; `size` in bytes."""

    id: UUID
    feedback_id: UUID
    name: str
    media_type: str
    size: int
    refused: Refusal | None = Field(
        description="Why it was not kept: `dangerous`, `too_large`, `too_many`, `unreadable` as it was sent, "
        "`unreachable` where its sender keeps it, or `no_place` if this installation keeps no files. null: it was kept."
    )
    created_at: datetime
