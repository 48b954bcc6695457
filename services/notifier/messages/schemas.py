"""Messages in requests and answers."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.consent import PURPOSE_PATTERN, SERVICE
from shared.http.schemas import LongText, Model, Name

MessageChannel = Literal["email", "sms", "whatsapp"]
MessageState = Literal["queued", "sent", "delivered", "bounced", "complained", "failed", "suppressed"]


class NewMessage(Model):
    """A message of your own words to one customer, in the layout of the template `message`.

    `sms` and `whatsapp` send the text alone, to the customer's phone. WhatsApp takes it within 24 hours after they
    wrote there.
    """

    customer_id: UUID
    channel: MessageChannel = "email"
    subject: Name
    text: Annotated[LongText, Field(min_length=1)]
    ticket_id: UUID | None = None
    purpose: Annotated[str, Field(pattern=PURPOSE_PATTERN)] = Field(
        SERVICE, description="What the customer must allow, such as `service`, `marketing` or a word of your own."
    )


class MessageOut(Model):
    """`sent`: the mail server took it. `delivered`, `bounced` and `complained` are known where the provider tells.

    `to`, `subject` and `text` are null until the first attempt; `reason` says why it failed or was held back.

    `basis` is on what ground it may be sent, `consent_id` the row of the consent ledger that decided, if there is one.
    """

    id: UUID
    channel: str
    template: str
    purpose: str
    basis: str | None
    consent_id: UUID | None
    state: MessageState
    reason: str | None
    customer_id: UUID | None
    ticket_id: UUID | None
    invitation_id: UUID | None
    thread_id: UUID | None
    rule_id: UUID | None
    to: str | None
    subject: str | None
    text: str | None
    attempts: int
    created_at: datetime
    sent_at: datetime | None


class MessageDetail(MessageOut):
    html: str | None
