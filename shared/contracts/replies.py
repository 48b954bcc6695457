"""What becomes of answers to reviews."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from shared.contracts.base import Payload


class ReplyDecided(Payload):
    """An answer to a review has come further. Subject: the answer, with its version.

    `state`: `draft`, `waiting` (for an approval), `queued`, `posted`, `pending` (the platform looks at it before it
    shows), `refused` (by the platform; `reason` says why), `rejected` (by a colleague), `failed`, `withdrawn`, or
    something newer.
    """

    TYPE: ClassVar[str] = "heed.survey.reply.decided.v1"

    reply_id: UUID
    feedback_id: UUID
    source_id: UUID
    state: str
    reason: str | None
    posted_at: datetime | None
