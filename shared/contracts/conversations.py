"""What the tickets service tells of conversations with the assistant: its time and people's are measured apart."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from shared.contracts.base import Payload

HandoffReason = Literal["customer_asked", "does_not_know", "sentiment", "policy", "repeated_question", "failure"]


class ConversationStarted(Payload):
    """Somebody spoke to the assistant. `customer_id` only if their identity is proven. Subject: the conversation."""

    TYPE: ClassVar[str] = "heed.tickets.conversation.started.v1"

    conversation_id: UUID
    customer_id: UUID | None
    channel: str
    locale: str
    started_at: datetime


class ConversationHandedOff(Payload):
    """The assistant gave it to a person, who is to answer by `due_at`. Subject: the conversation."""

    TYPE: ClassVar[str] = "heed.tickets.conversation.handed-off.v1"

    conversation_id: UUID
    ticket_id: UUID
    customer_id: UUID | None
    reason: HandoffReason
    assignee_id: UUID | None
    bot_replies: int
    bot_seconds: int
    handed_off_at: datetime
    due_at: datetime


class HandoffEscalated(Payload):
    """Nobody answered in time. `step` of the chain, from 1; `due_at` is null at its end. Subject: the conversation."""

    TYPE: ClassVar[str] = "heed.tickets.handoff.escalated.v1"

    conversation_id: UUID
    ticket_id: UUID
    step: int
    assignee_id: UUID | None
    due_at: datetime | None


class HandoffAnswered(Payload):
    """A person answered for the first time, so many seconds after the handoff. Subject: the conversation."""

    TYPE: ClassVar[str] = "heed.tickets.handoff.answered.v1"

    conversation_id: UUID
    ticket_id: UUID
    reason: HandoffReason
    seconds: int
    step: int


class ConversationContinued(Payload):
    """The customer wrote again after the handoff; it stands in the ticket. Subject: the ticket."""

    TYPE: ClassVar[str] = "heed.tickets.conversation.continued.v1"

    conversation_id: UUID
    ticket_id: UUID
    message_id: UUID
    customer_id: UUID | None
    text: str
    assignee_id: UUID | None


class ConversationEnded(Payload):
    """It is over. What the assistant did and what people did, apart, in whole seconds. Subject: the conversation.

    `resolved`: the customer said so, or its ticket was resolved. It comes again if the ticket is resolved again.
    """

    TYPE: ClassVar[str] = "heed.tickets.conversation.ended.v1"

    conversation_id: UUID
    ticket_id: UUID | None
    customer_id: UUID | None
    resolved: bool
    handoff_reason: HandoffReason | None
    customer_messages: int
    bot_replies: int
    human_replies: int
    bot_seconds: int
    human_seconds: int
    reopened: int
    rating: int | None
    ended_at: datetime
