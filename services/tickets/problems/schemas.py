"""Problems as they come in and go out."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from services.tickets.cases.schemas import Cause
from services.tickets.problems.models import LinkKind
from shared.contracts.problems import ProblemState
from shared.contracts.ratings import Band
from shared.contracts.tickets import Priority, TicketState
from shared.http.schemas import LongText, Model, Name

MOST_LINKED = 1_000

Ids = Annotated[list[UUID], Field(max_length=MOST_LINKED), AfterValidator(lambda ids: list(dict.fromkeys(ids)))]


class Links(Model):
    """At most 1,000 at once."""

    ticket_ids: Ids = Field(default_factory=list)
    feedback_ids: Ids = Field(default_factory=list)

    @model_validator(mode="after")
    def few_enough(self) -> "Links":
        count = len(self.ticket_ids) + len(self.feedback_ids)
        if count > MOST_LINKED:
            raise ValueError(f"at most {MOST_LINKED} at once, tickets and feedback together")
        return self


class NewProblem(Links):
    """What is linked may be sent along, such as what a suggestion listed."""

    title: Name
    description: LongText = ""
    cause: Cause | None = None
    state: ProblemState = "new"
    owner_id: UUID | None = None


class ProblemPatch(Model):
    """What is left out stays as it is; null clears the cause or the owner."""

    title: Name | None = None
    description: LongText | None = None
    cause: Cause | None = None
    state: ProblemState | None = None
    owner_id: UUID | None = None

    @model_validator(mode="after")
    def refuse_null_where_there_must_be_something(self) -> "ProblemPatch":
        for name in ("title", "description", "state"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null; leave it out to keep it")
        return self


class ProblemOut(Model):
    """`customers`: how many different ones are behind what is linked, as far as they are known."""

    id: UUID
    title: str
    description: str
    cause: str | None
    cause_name: str | None
    state: ProblemState
    owner_id: UUID | None
    owner_name: str | None
    tickets: int
    feedback: int
    customers: int
    version: int
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None


class LinkItem(Model):
    """`outcome`: what there is no such thing of is `unknown`, and nothing else fails for that."""

    kind: LinkKind
    id: UUID
    outcome: Literal["linked", "unlinked", "unchanged", "unknown"]


class LinksOut(Model):
    """In the order of the request, tickets first."""

    changed: int
    data: list[LinkItem]


class LinkedTicket(Model):
    ticket_id: UUID
    number: int
    subject: str
    state: TicketState
    priority: Priority
    customer_id: UUID | None
    root_cause: str | None
    opened_at: datetime
    linked_at: datetime


class LinkedFeedback(Model):
    """What it says is at `GET /v1/feedback/{feedback_id}`. `topics` are keys."""

    feedback_id: UUID
    customer_id: UUID | None
    channel: str
    band: Band | None
    rating: int | None
    topics: list[str]
    occurred_at: datetime
    linked_at: datetime


class Week(Model):
    """`week`: its Monday. Unhappy feedback of these days, and tickets that were opened in them, with this cause."""

    week: date
    feedback: int
    tickets: int


class RisingWord(Model):
    """A word that customers use for it: in how much feedback, in the later and the earlier half of the weeks."""

    word: str
    later: int
    earlier: int


class Suggestion(Model):
    """What many complain about for one cause. `later` and `earlier` are complaints in the halves of the weeks.

    `ticket_ids` and `feedback_ids`: the newest that no problem has yet; they can be linked as they are. `problem_ids`:
    problems with this cause that are not closed.
    """

    cause: str
    name: str
    feedback: int
    tickets: int
    customers: int
    later: int
    earlier: int
    weeks: list[Week]
    rising_words: list[RisingWord]
    problem_ids: list[UUID]
    ticket_ids: list[UUID]
    feedback_ids: list[UUID]


class Suggestions(Model):
    """The most complained about first. `complete` is false if there was more than could be looked at."""

    complete: bool
    data: list[Suggestion]
