"""What the tickets service tells the others: work that feedback asked for, and how it goes.

`origin_customer_id`: whose identity a ticket came under, if that record has been merged into `customer_id` since; what
is said about the ticket goes there.
"""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from shared.contracts.base import Part, Payload

# new: nobody has it yet; pending: the customer's turn; on_hold: somebody else's; merged: it goes on in another one.
TicketState = Literal["new", "open", "pending", "on_hold", "resolved", "closed", "merged"]
Priority = Literal["low", "normal", "high", "urgent"]
TargetName = Literal["first_response", "next_response", "resolution", "periodic_update"]
LoopStage = Literal["needs_follow_up", "contacted", "fixed", "confirmed", "re_measured"]


class Origin(Part):
    """What a ticket came from: `kind` is `rule`, `human` or `partner`; `request_id` the rule's action that asked."""

    kind: str
    feedback_id: UUID | None
    rule_id: UUID | None
    request_id: UUID | None


class TicketOpened(Payload):
    """A ticket exists, with its targets set. Subject: the ticket."""

    TYPE: ClassVar[str] = "heed.tickets.ticket.opened.v1"

    ticket_id: UUID
    number: int
    subject: str
    priority: Priority
    assignee_id: UUID | None
    assignee_name: str | None
    customer_id: UUID | None
    channel: str
    origin: Origin
    first_response_due_at: datetime
    resolution_due_at: datetime
    opened_at: datetime
    origin_customer_id: UUID | None = None
    # The conversation that it is about, if it began as one; so too below.
    thread_id: UUID | None = None
    state: TicketState = "open"
    team_id: UUID | None = None


class TicketUpdated(Payload):
    """State, priority, assignee, subject or tags changed; `changed` names the fields. Subject: the ticket."""

    TYPE: ClassVar[str] = "heed.tickets.ticket.updated.v1"

    ticket_id: UUID
    number: int
    changed: tuple[str, ...]
    state: TicketState
    priority: Priority
    assignee_id: UUID | None
    customer_id: UUID | None
    origin_customer_id: UUID | None = None
    status_id: UUID | None = None
    team_id: UUID | None = None
    merged_into_id: UUID | None = None


class AttachedFile(Part):
    """A file that comes with an answer. `size` in bytes; `url` gives it out to whoever has it, for 90 days."""

    name: str
    size: int
    url: str


class TicketReplied(Payload):
    """Somebody answered the customer in public; the notifier delivers it. Subject: the ticket."""

    TYPE: ClassVar[str] = "heed.tickets.ticket.replied.v1"

    ticket_id: UUID
    number: int
    message_id: UUID
    subject: str
    text: str
    author_name: str
    customer_id: UUID | None
    first_response: bool
    origin_customer_id: UUID | None = None
    thread_id: UUID | None = None
    # Of a first one: how long it took on the ticket's own clock, in time or not.
    first_response_seconds: int | None = None
    attachments: tuple[AttachedFile, ...] = ()


class PeopleMentioned(Payload):
    """A note named colleagues, who watch the ticket from now on; its text stays inside. Subject: the ticket."""

    TYPE: ClassVar[str] = "heed.tickets.people.mentioned.v1"

    ticket_id: UUID
    number: int
    subject: str
    message_id: UUID
    author_name: str
    user_ids: tuple[UUID, ...]


class CustomerWrote(Payload):
    """The customer, or who else takes part, wrote in the conversation that the ticket is about. Subject: the ticket.

    `feedback_id` is what they wrote, as the survey service has it. `automatic`: no person wrote it. `watcher_ids`: who
    watches the ticket.
    """

    TYPE: ClassVar[str] = "heed.tickets.customer.wrote.v1"

    ticket_id: UUID
    number: int
    message_id: UUID
    feedback_id: UUID
    text: str
    author_name: str
    customer_id: UUID | None
    automatic: str | None
    state: TicketState
    assignee_id: UUID | None
    origin_customer_id: UUID | None = None
    thread_id: UUID | None = None
    subject: str | None = None
    watcher_ids: tuple[UUID, ...] = ()


class Satisfaction(Part):
    """Whether the customer is to be asked how it was, and what: a survey, or the built-in one of a `kind`. What is null
    is as whoever asks has it."""

    ask: bool
    why_not: str | None
    kind: Literal["nps", "csat", "ces"] | None
    survey_id: UUID | None
    delay_seconds: int | None


class TicketResolved(Payload):
    """The work is done. Durations are whole seconds of the ticket's own clock. Subject: the ticket."""

    TYPE: ClassVar[str] = "heed.tickets.ticket.resolved.v1"

    ticket_id: UUID
    number: int
    subject: str
    reason: str | None
    customer_id: UUID | None
    feedback_id: UUID | None
    assignee_id: UUID | None
    resolved_at: datetime
    resolution_seconds: int
    reopened_before: int
    origin_customer_id: UUID | None = None
    thread_id: UUID | None = None
    # A topic's key, and what was done so that it does not happen again.
    root_cause: str | None = None
    corrective_action: str | None = None
    # Where the customer says whether it is solved; a credential, and with `?solved=yes` or `no` what they mean by it.
    confirmation_url: str | None = None
    # Whose it was when it was resolved, as `assignee_id` says too, whatever becomes of it afterwards.
    team_id: UUID | None = None
    satisfaction: Satisfaction | None = None


class TicketEscalated(Payload):
    """Somebody says that the ticket needs more than it gets; `level` counts how often. Subject: the ticket."""

    TYPE: ClassVar[str] = "heed.tickets.ticket.escalated.v1"

    ticket_id: UUID
    number: int
    subject: str
    reason: str
    level: int
    priority: Priority
    assignee_id: UUID | None
    customer_id: UUID | None
    origin_customer_id: UUID | None = None
    # Who says it; whose team's lead, and who else, wants to know.
    author_name: str | None = None
    lead_id: UUID | None = None
    watcher_ids: tuple[UUID, ...] = ()


class TicketUnassignedTooLong(Payload):
    """Nobody has the ticket, for longer than its team allows; told once for each wait. Without a team, after an hour.

    Subject: the ticket.
    """

    TYPE: ClassVar[str] = "heed.tickets.ticket.unassigned_too_long.v1"

    ticket_id: UUID
    number: int
    subject: str
    priority: Priority
    team_id: UUID | None
    team_name: str | None
    lead_id: UUID | None
    queued_at: datetime
    allowed_seconds: int
    customer_id: UUID | None
    origin_customer_id: UUID | None


class MacroApplied(Payload):
    """Somebody did with a ticket what a macro says; the ticket as it is then. Rules may go on from here.

    Subject: the ticket. `applied_by` is null for a program.
    """

    TYPE: ClassVar[str] = "heed.tickets.macro.applied.v1"

    macro_id: UUID
    name: str
    ticket_id: UUID
    number: int
    subject: str
    state: TicketState
    assignee_id: UUID | None
    team_id: UUID | None
    applied_by: UUID | None
    customer_id: UUID | None
    origin_customer_id: UUID | None
    thread_id: UUID | None


class TicketReopened(Payload):
    """A resolved ticket is open again, and its clock runs on. Subject: the ticket."""

    TYPE: ClassVar[str] = "heed.tickets.ticket.reopened.v1"

    ticket_id: UUID
    number: int
    reason: str | None
    customer_id: UUID | None
    resolution_due_at: datetime
    origin_customer_id: UUID | None = None


class TargetWarned(Payload):
    """So many percent of a target's time are used up, and it is not met yet. Subject: the ticket."""

    TYPE: ClassVar[str] = "heed.tickets.target.warned.v1"

    ticket_id: UUID
    number: int
    target: TargetName
    percent: int
    due_at: datetime
    priority: Priority
    assignee_id: UUID | None
    customer_id: UUID | None
    origin_customer_id: UUID | None = None


class TargetMet(Payload):
    """What was promised happened in time. A resolution that does not last is met again later. Subject: the ticket.

    `due_at` is when it had to happen; the seconds are those on the clock, whole ones, and those that were allowed.
    """

    TYPE: ClassVar[str] = "heed.tickets.target.met.v1"

    ticket_id: UUID
    number: int
    target: TargetName
    due_at: datetime
    met_at: datetime
    elapsed_seconds: int
    allowed_seconds: int
    assignee_id: UUID | None
    customer_id: UUID | None
    origin_customer_id: UUID | None = None


class TargetMissed(Payload):
    """A target's time is up and it was not met. Subject: the ticket."""

    TYPE: ClassVar[str] = "heed.tickets.target.missed.v1"

    ticket_id: UUID
    number: int
    target: TargetName
    due_at: datetime
    assignee_id: UUID | None
    customer_id: UUID | None
    origin_customer_id: UUID | None = None


class PolicyReapplied(Payload):
    """A ticket's targets are those of the policy as it is now. A miss that is none any more is taken back: `missed`
    names what is. Subject: the ticket."""

    TYPE: ClassVar[str] = "heed.tickets.policy.reapplied.v1"

    ticket_id: UUID
    number: int
    policy_id: UUID
    policy_version: int
    first_response_due_at: datetime | None
    resolution_due_at: datetime | None
    missed: tuple[TargetName, ...]
    customer_id: UUID | None
    origin_customer_id: UUID | None = None


class LoopAdvanced(Payload):
    """The closed loop of one feedback reached its next stage. Subject: the ticket."""

    TYPE: ClassVar[str] = "heed.tickets.loop.advanced.v1"

    ticket_id: UUID
    feedback_id: UUID
    customer_id: UUID | None
    stage: LoopStage
    before: int | None
    after: int | None
    origin_customer_id: UUID | None = None


class LoopOverdue(Payload):
    """A loop has been in one stage for longer than the account allows; told once a stage. Subject: the ticket."""

    TYPE: ClassVar[str] = "heed.tickets.loop.overdue.v1"

    ticket_id: UUID
    number: int
    subject: str
    feedback_id: UUID
    customer_id: UUID | None
    stage: LoopStage
    since: datetime
    due_at: datetime
    assignee_id: UUID | None
    before: int | None
    origin_customer_id: UUID | None = None
    team_id: UUID | None = None
    lead_id: UUID | None = None


class ArticlePublished(Payload):
    """Customers can read an article, or it changed while they could. Subject: the article.

    `titles`: by language. `first`: it was not public before.
    """

    TYPE: ClassVar[str] = "heed.tickets.article.published.v1"

    article_id: UUID
    titles: dict[str, str]
    first: bool


class ArticleWithdrawn(Payload):
    """Customers can read an article no more. Subject: the article."""

    TYPE: ClassVar[str] = "heed.tickets.article.withdrawn.v1"

    article_id: UUID
