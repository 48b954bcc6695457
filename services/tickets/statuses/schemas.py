"""Statuses as they come in and go out."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from shared.contracts.tickets import TicketState
from shared.http.schemas import Model, Name

Position = Annotated[int, Field(ge=0, le=10_000, description="Where it stands in lists; the smallest comes first.")]
MayReopen = Annotated[
    bool,
    Field(description="Of resolved and closed: whether what the customer writes opens the ticket again."),
]


class NewStatus(Model):
    """A name for one of the types of state. `is_default` takes that place from the one that had it."""

    name: Name
    state: TicketState
    position: Position = 0
    is_default: bool = False
    customer_may_reopen: MayReopen = True


class StatusPatch(Model):
    """What is left out stays as it is. Its type of state is for good: tickets would change theirs unseen."""

    name: Name | None = None
    position: Position | None = None
    is_default: bool | None = None
    customer_may_reopen: MayReopen | None = None

    @model_validator(mode="after")
    def refuse_null(self) -> "StatusPatch":
        for name in self.model_fields_set:
            if getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null; leave it out to keep it")
        return self


class StatusOut(Model):
    id: UUID
    name: str
    state: TicketState
    position: int
    is_default: bool
    customer_may_reopen: bool
    version: int
    created_at: datetime
    updated_at: datetime
