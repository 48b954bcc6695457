"""The entries of a timeline: one shape for each kind of thing that happens with a customer."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.activities import ActivityKind
from shared.contracts.consent import Basis, ConsentChannel
from shared.contracts.ratings import Band, RatingScheme
from shared.contracts.tickets import LoopStage, Priority, TargetName, TicketState
from shared.http.schemas import Model, Money


class EntryKind(StrEnum):
    CUSTOMER_CREATED = "customer_created"
    CUSTOMER_MERGED = "customer_merged"
    CUSTOMER_UNMERGED = "customer_unmerged"
    SEGMENT_ENTERED = "segment_entered"
    SEGMENT_LEFT = "segment_left"
    ACTIVITY = "activity"
    CONSENT = "consent"
    INVITED = "invited"
    REMINDED = "reminded"
    INVITATION_ENDED = "invitation_ended"
    NOT_ASKED = "not_asked"
    FEEDBACK = "feedback"
    FEEDBACK_ERASED = "feedback_erased"
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
    NOTE = "note"


class Entry(Model):
    """`at` is when it happened, which may be long before it was heard of. `id` is of the activity, the consent, the
    feedback or the note; of anything else, of the event that told of it."""

    id: UUID
    at: datetime
    kind: EntryKind


class CustomerCreatedEntry(Entry):
    kind: Literal[EntryKind.CUSTOMER_CREATED]


class CustomerMergedEntry(Entry):
    kind: Literal[EntryKind.CUSTOMER_MERGED]
    merged_customer_id: UUID
    automatic: bool


class CustomerUnmergedEntry(Entry):
    kind: Literal[EntryKind.CUSTOMER_UNMERGED]
    restored_customer_id: UUID


class SegmentEnteredEntry(Entry):
    kind: Literal[EntryKind.SEGMENT_ENTERED]
    segment_id: UUID
    segment_name: str


class SegmentLeftEntry(Entry):
    kind: Literal[EntryKind.SEGMENT_LEFT]
    segment_id: UUID
    segment_name: str


class ActivityEntry(Entry):
    """`name` says what a custom one is."""

    kind: Literal[EntryKind.ACTIVITY]
    activity: ActivityKind
    name: str | None
    amount: Money | None
    touchpoint: str | None
    source: str
    source_id: str


class ConsentEntry(Entry):
    """`source` says how it was said, such as `form` or `unsubscribe`."""

    kind: Literal[EntryKind.CONSENT]
    purpose: str
    channel: ConsentChannel
    granted: bool
    basis: Basis
    source: str


class InvitedEntry(Entry):
    kind: Literal[EntryKind.INVITED]
    invitation_id: UUID
    survey_id: UUID
    survey_name: str
    channel: str
    ticket_id: UUID | None


class RemindedEntry(Entry):
    kind: Literal[EntryKind.REMINDED]
    invitation_id: UUID
    survey_id: UUID
    survey_name: str
    channel: str
    number: int


class InvitationEndedEntry(Entry):
    kind: Literal[EntryKind.INVITATION_ENDED]
    invitation_id: UUID
    survey_id: UUID
    reason: str


class NotAskedEntry(Entry):
    """`gate` names the rule that forbade it, `detail` the numbers it compared."""

    kind: Literal[EntryKind.NOT_ASKED]
    survey_id: UUID
    channel: str
    gate: str
    detail: str
    next_eligible_at: datetime | None


class FeedbackErasedEntry(Entry):
    """Something was said and has been taken back: this is what is left of it."""

    kind: Literal[EntryKind.FEEDBACK_ERASED]
    feedback_id: UUID
    survey_id: UUID | None
    reason: Literal["respondent", "subject_request"]


class FeedbackEntry(Entry):
    """As it stands today. `score` is on the scheme's own scale, up to `maximum`; `excerpt` is how the text begins.

    `said` is what it was: `survey`, `review`, `rating`, `message` or `mention`; `source` where: `heed`, or whatever is
    connected. `removed`: it is no longer there.
    """

    kind: Literal[EntryKind.FEEDBACK]
    said: str = "survey"
    source: str = "heed"
    title: str | None = None
    url: str | None = None
    automatic: str | None = None
    removed: bool = False
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
    target: TargetName
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


class NoteEntry(Entry):
    """What somebody wrote down about the customer, for colleagues. `author` wrote it, or edited it last."""

    kind: Literal[EntryKind.NOTE]
    text: str
    author: str
    edited_at: datetime | None
    version: int


TimelineEntry = Annotated[
    CustomerCreatedEntry
    | CustomerMergedEntry
    | CustomerUnmergedEntry
    | SegmentEnteredEntry
    | SegmentLeftEntry
    | ActivityEntry
    | ConsentEntry
    | InvitedEntry
    | RemindedEntry
    | InvitationEndedEntry
    | NotAskedEntry
    | FeedbackEntry
    | FeedbackErasedEntry
    | TicketOpenedEntry
    | TicketUpdatedEntry
    | TicketRepliedEntry
    | TicketResolvedEntry
    | TicketReopenedEntry
    | TargetMissedEntry
    | LoopAdvancedEntry
    | MessageSentEntry
    | MessageFailedEntry
    | RuleRanEntry
    | NoteEntry,
    Field(discriminator="kind"),
]
