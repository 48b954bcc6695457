"""The entries of a timeline: one shape for each kind of thing that happens with a customer."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.ratings import Band, RatingScheme
from shared.contracts.tickets import LoopStage, Priority, TicketState
from shared.http.schemas import Model


class EntryKind(StrEnum):
    CUSTOMER_CREATED = "customer_created"
    INVITED = "invited"
    FEEDBACK = "feedback"
    TICKET_OPENED = "ticket_opened"
    TICKET_UPDATED = "ticket_updated"
    TICKET_REPLIED = "ticket_replied"
    TICKET_RESOLVED = "ticket_resolved"
    TICKET_REOPENED = "ticket_reopened"
    TARGET_MISSED = "target_missed"
    LOOP_ADVANCED = "loop_advanced"
    MESSAGE_SENT = "message_sent"
    MESSAGE_FAILED = "message_failed"
    RULE_RAN = "rule_ran"


class Entry(Model):
    """`id` is the event's; `at` is when it happened, which may be long before it was heard of."""

    id: UUID
    at: datetime
    kind: EntryKind


class CustomerCreatedEntry(Entry):
    kind: Literal[EntryKind.CUSTOMER_CREATED]


class InvitedEntry(Entry):
    kind: Literal[EntryKind.INVITED]
    invitation_id: UUID
    survey_id: UUID
    survey_name: str
    channel: str
    ticket_id: UUID | None


class FeedbackEntry(Entry):
    """`score` is on the scheme's own scale, up to `maximum`; `excerpt` is how the text begins."""

    kind: Literal[EntryKind.FEEDBACK]
    feedback_id: UUID
    channel: str
    survey_id: UUID | None
    survey_name: str | None
    ticket_id: UUID | None
    touchpoint: str | None
    scheme: RatingScheme | None
    score: int | None
    maximum: int | None
    band: Band | None
    sentiment: Band | None
    topics: list[str]
    excerpt: str | None


class TicketOpenedEntry(Entry):
    kind: Literal[EntryKind.TICKET_OPENED]
    ticket_id: UUID
    number: int
    subject: str
    priority: Priority
    feedback_id: UUID | None
    first_response_due_at: datetime


class TicketUpdatedEntry(Entry):
    kind: Literal[EntryKind.TICKET_UPDATED]
    ticket_id: UUID
    number: int
    changed: list[str]
    state: TicketState
    priority: Priority


class TicketRepliedEntry(Entry):
    kind: Literal[EntryKind.TICKET_REPLIED]
    ticket_id: UUID
    number: int
    message_id: UUID
    author_name: str
    excerpt: str


class TicketResolvedEntry(Entry):
    kind: Literal[EntryKind.TICKET_RESOLVED]
    ticket_id: UUID
    number: int
    reason: str | None
    resolution_seconds: int


class TicketReopenedEntry(Entry):
    kind: Literal[EntryKind.TICKET_REOPENED]
    ticket_id: UUID
    number: int
    reason: str | None


class TargetMissedEntry(Entry):
    kind: Literal[EntryKind.TARGET_MISSED]
    ticket_id: UUID
    number: int
    target: Literal["first_response", "resolution"]
    due_at: datetime


class LoopAdvancedEntry(Entry):
    """`before` and `after` are ratings from 0 to 100, known once the customer was asked again."""

    kind: Literal[EntryKind.LOOP_ADVANCED]
    ticket_id: UUID
    feedback_id: UUID
    stage: LoopStage
    before: int | None
    after: int | None


class MessageSentEntry(Entry):
    kind: Literal[EntryKind.MESSAGE_SENT]
    message_id: UUID
    channel: str
    template: str
    subject: str
    ticket_id: UUID | None
    invitation_id: UUID | None


class MessageFailedEntry(Entry):
    kind: Literal[EntryKind.MESSAGE_FAILED]
    message_id: UUID
    channel: str
    template: str
    state: Literal["failed", "suppressed"]
    reason: str
    ticket_id: UUID | None


class RuleRanEntry(Entry):
    kind: Literal[EntryKind.RULE_RAN]
    run_id: UUID
    rule_id: UUID
    rule_name: str
    actions: list[str]


TimelineEntry = Annotated[
    CustomerCreatedEntry
    | InvitedEntry
    | FeedbackEntry
    | TicketOpenedEntry
    | TicketUpdatedEntry
    | TicketRepliedEntry
    | TicketResolvedEntry
    | TicketReopenedEntry
    | TargetMissedEntry
    | LoopAdvancedEntry
    | MessageSentEntry
    | MessageFailedEntry
    | RuleRanEntry,
    Field(discriminator="kind"),
]
