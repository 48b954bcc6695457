"""Macros as they come in and go out, and what comes of them."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from services.tickets.bulk.schemas import MOST
from services.tickets.cases.schemas import Reason, Tags, TicketPatch
from shared.http.schemas import LongText, Model, Name

YEAR_SECONDS = 366 * 86_400

Position = Annotated[int, Field(ge=0, le=10_000, description="Where it stands in lists; the smallest comes first.")]
Template = Annotated[
    LongText,
    Field(
        min_length=1,
        description="`{{ customer.first_name }}`-like variables of `ticket`, `customer`, `agent` and `business` are "
        "filled in. If one has no value, nothing is sent or changed, unless `{% if %}` or `default` says what else.",
    ),
]


class Actions(Model):
    """What is done, in this order. `changes` is as for PATCH /v1/tickets/{id}; whatever is in it may be refused there.

    `assign_to_me`: whoever applies it has the ticket then. A rule is started by the event that tells of each
    application, `heed.tickets.macro.applied.v1`.
    """

    reply: Template | None = Field(None, description="Sent to the customer.")
    note: Template | None = Field(None, description="For colleagues only.")
    changes: TicketPatch = Field(default_factory=TicketPatch)
    add_tags: Tags = Field(default_factory=list)
    remove_tags: Tags = Field(default_factory=list)
    assign_to_me: bool = False
    snooze_seconds: Annotated[int, Field(ge=60, le=YEAR_SECONDS)] | None = None
    reason: Reason | None = Field(None, description="Goes with a change of state, into the history.")

    @model_validator(mode="after")
    def something_that_makes_sense(self) -> "Actions":
        if not self.model_fields_set - {"reason"}:
            raise ValueError("there is nothing to do")
        sent = self.changes.model_fields_set
        if "customer_id" in sent:
            raise ValueError("a macro cannot change whose tickets are")
        if "tags" in sent and (self.add_tags or self.remove_tags):
            raise ValueError("send either all tags in `changes`, or `add_tags` and `remove_tags`")
        if "assignee_id" in sent and self.assign_to_me:
            raise ValueError("send either `assign_to_me` or an assignee in `changes`")
        return self


class NewMacro(Model):
    """Only whoever made it sees a macro that is not shared."""

    name: Name
    shared: bool = False
    actions: Actions
    position: Position = 0


class MacroPatch(Model):
    """What is left out stays as it is. `actions` are all there are then."""

    name: Name | None = None
    shared: bool | None = None
    actions: Actions | None = None
    position: Position | None = None

    @model_validator(mode="after")
    def refuse_null(self) -> "MacroPatch":
        for name in self.model_fields_set:
            if getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null; leave it out to keep it")
        return self


class MacroOut(Model):
    """`actions` as they were written."""

    id: UUID
    name: str
    owner: str
    shared: bool
    actions: dict[str, Any]
    position: int
    version: int
    created_at: datetime
    updated_at: datetime


class Application(Model):
    """`seen_version`: of one ticket, as in POST /v1/tickets/{id}/messages, so that nobody answers twice."""

    ticket_ids: Annotated[
        list[UUID], Field(min_length=1, max_length=MOST), AfterValidator(lambda ids: list(dict.fromkeys(ids)))
    ]
    seen_version: int | None = Field(None, ge=1)

    @model_validator(mode="after")
    def version_of_one(self) -> "Application":
        if self.seen_version is not None and len(self.ticket_ids) > 1:
            raise ValueError("seen_version goes with one ticket")
        return self


class PreviewRequest(Model):
    ticket_id: UUID


class Preview(Model):
    """What would be sent, and each field before and after. Nothing was done. `missing` are the variables without a
    value; `problem` is why else it cannot be applied."""

    reply: str | None
    note: str | None
    changes: dict[str, tuple[Any, Any]]
    missing: list[str]
    problem: str | None
