"""Tickets as they come in and go out."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from services.tickets.fields.schemas import Values
from services.tickets.fields.values import Value
from shared.contracts.tickets import Priority, TicketState
from shared.http.schemas import LongText, Model

MOST_TAGS = 20


def _trimmed(value: str) -> str:
    value = value.strip()
    if not value:
        raise ValueError("must not be empty")
    return value


def _unique(tags: list[str]) -> list[str]:
    return list(dict.fromkeys(tags))


Subject = Annotated[str, Field(max_length=300), AfterValidator(_trimmed)]
Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50)]
Tags = Annotated[list[Tag], Field(max_length=MOST_TAGS), AfterValidator(_unique)]
Channel = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,49}$")]
Reason = Annotated[str, Field(max_length=1_000), AfterValidator(_trimmed)]
Cause = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$"),
    Field(description="What lay behind it: the key of a topic of either level; see /v1/taxonomy."),
]
CorrectiveAction = Annotated[
    str,
    Field(max_length=1_000, description="What was done so that it does not happen again."),
    AfterValidator(_trimmed),
]


class NewTicket(Model):
    """A ticket without `assignee_id` goes where the routing rules send it, or else to whoever has least to do; null
    leaves it with nobody. With `team_id` no rule is asked: somebody in the team gets it, or it waits until one can."""

    subject: Subject
    description: LongText | None = None
    priority: Priority = "normal"
    team_id: UUID | None = None
    assignee_id: UUID | None = None
    tags: Tags = Field(default_factory=list)
    fields: Values = Field(default_factory=dict, description="Values of your own fields, by key.")
    customer_id: UUID | None = None
    feedback_id: UUID | None = Field(None, description="What the customer said that made this ticket necessary.")
    channel: Channel = "api"


class TicketPatch(Model):
    """What is left out stays as it is; null clears the assignee, the customer or the description.

    `state`: between open, pending (the customer's turn) and on_hold (somebody else's) as you like, any of them →
    resolved, resolved → open or closed. Closed is the end. A new ticket opens when somebody gets it or answers.
    `status_id` (see /v1/ticket-statuses) brings its state along; null is the state's default.
    """

    subject: Subject | None = None
    description: LongText | None = None
    state: TicketState | None = None
    status_id: UUID | None = None
    priority: Priority | None = None
    team_id: UUID | None = Field(None, description="Whoever has it and is not in the team hands it over.")
    assignee_id: UUID | None = None
    tags: Tags | None = None
    fields: Values | None = Field(None, description="Those that change; null clears one.")
    customer_id: UUID | None = None
    root_cause: Cause | None = None
    corrective_action: CorrectiveAction | None = None

    @model_validator(mode="after")
    def refuse_null_where_there_must_be_something(self) -> "TicketPatch":
        for name in ("subject", "state", "priority", "tags", "fields"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null; leave it out to keep it")
        return self

    def sent(self) -> dict[str, Any]:
        """The fields that were sent, as the ticket keeps them."""
        values = {name: getattr(self, name) for name in self.model_fields_set}
        if "description" in values:
            values["description"] = values["description"] or ""
        return values


class Skip(Model):
    skip: Reason = Field(description="Why the customer is not to be asked how it was.")


class Resolution(Model):
    """What is left out stays as it is. An account may ask for causes; see /v1/loops/policy."""

    reason: Reason | None = Field(None, description="What was done; colleagues and the audit read it.")
    root_cause: Cause | None = None
    corrective_action: CorrectiveAction | None = None
    satisfaction: Skip | None = Field(None, description="Left out: they are asked, if the policy and the gates allow.")

    def found(self) -> dict[str, Any]:
        """What was sent of what lay behind it."""
        return {name: getattr(self, name) for name in self.model_fields_set - {"reason", "satisfaction"}}


class Reopening(Model):
    reason: Reason = Field(description="Why it was not done after all.")


class OriginOut(Model):
    """Where the ticket came from: `kind` is rule, human, partner, bot or system."""

    kind: str
    feedback_id: UUID | None
    rule_id: UUID | None
    request_id: UUID | None


class TicketOut(Model):
    id: UUID
    number: int
    version: int
    subject: str
    description: str
    state: TicketState
    status_id: UUID | None
    priority: Priority
    team_id: UUID | None
    queued_at: datetime | None = Field(description="Since when it waits for somebody to have it.")
    assignee_id: UUID | None
    assignee_name: str | None
    tags: list[str]
    fields: dict[str, Value]
    customer_id: UUID | None
    customer_name: str | None
    channel: str
    origin: OriginOut
    opened_at: datetime
    updated_at: datetime
    merged_into_id: UUID | None
    snoozed: bool
    snoozed_until: datetime | None
    escalation_level: int
    resolved_at: datetime | None
    reopened_count: int
    first_response_due_at: datetime | None
    first_responded_at: datetime | None
    resolution_due_at: datetime | None
    overdue: bool
    root_cause: str | None
    corrective_action: str | None


class ChangeOut(Model):
    """One version of the ticket. `changes` maps each field to its value before and after."""

    version: int
    at: datetime
    actor: str
    action: str
    state: TicketState
    changes: dict[str, tuple[Any, Any]]
    reason: str | None
