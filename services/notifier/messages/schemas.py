"""Messages in requests and answers."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from shared.http.schemas import LongText, Model, Name

MessageState = Literal["queued", "sent", "failed", "suppressed"]


class NewMessage(Model):
    """A message of your own words to one customer, in the layout of the template `message`."""

    customer_id: UUID
    subject: Name
    text: Annotated[LongText, Field(min_length=1)]
    ticket_id: UUID | None = None


class MessageOut(Model):
    """`to`, `subject` and `text` are null until the first attempt; `reason` says why it failed or was held back."""

    id: UUID
    channel: str
    template: str
    state: MessageState
    reason: str | None
    customer_id: UUID | None
    ticket_id: UUID | None
    invitation_id: UUID | None
    rule_id: UUID | None
    to: str | None
    subject: str | None
    text: str | None
    attempts: int
    created_at: datetime
    sent_at: datetime | None


class MessageDetail(MessageOut):
    html: str | None
