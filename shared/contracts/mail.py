"""Mail that customers wrote, as far as those who answer it need to know."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from shared.contracts.base import Payload


class MailReceived(Payload):
    """A mail belongs to this conversation; what it says is told by its `FeedbackReceived`. Subject: the conversation.

    Ids are Message-IDs without their angle brackets, `references` the oldest first (RFC 5322, 3.6.4). `mailbox` is the
    account's address that it reached. `address` is where its author wants an answer, `copies` who else took part;
    `trusted` says that an answer may go there: it is their conversation, and the mail comes from where it says.
    `automatic`: no person wrote it, and no machine answers it.
    """

    TYPE: ClassVar[str] = "heed.survey.mail.received.v1"

    thread_id: UUID
    feedback_id: UUID
    ticket_id: UUID | None
    message_id: str
    references: tuple[str, ...]
    mailbox: str | None
    address: str
    copies: tuple[str, ...]
    subject: str | None
    automatic: str | None
    trusted: bool
    occurred_at: datetime
