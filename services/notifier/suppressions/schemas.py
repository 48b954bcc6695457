"""Suppressions as they go out."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.http.schemas import Model


class SuppressionOut(Model):
    """Nothing is sent to this address since then. `message_id` is the message that showed it, if it is known."""

    id: UUID
    channel: Literal["email", "sms"]
    address: str
    reason: Literal["bounced_hard", "bounced_soft", "complained"]
    detail: str | None
    since: datetime
    message_id: UUID | None
