"""Changes of many tickets at once, as they come in and go out."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from services.tickets.cases.schemas import Reason, Tags, TicketPatch
from shared.http.schemas import Model

MOST = 1_000


class BulkChange(Model):
    """The same change for each of the tickets. `changes` is as for PATCH; tags may be added and taken away one by one.
    `reason` goes with a change of state to resolved, or to open from there."""

    ticket_ids: Annotated[
        list[UUID], Field(min_length=1, max_length=MOST), AfterValidator(lambda ids: list(dict.fromkeys(ids)))
    ]
    changes: TicketPatch = Field(default_factory=TicketPatch)
    add_tags: Tags = Field(default_factory=list)
    remove_tags: Tags = Field(default_factory=list)
    reason: Reason | None = None

    @model_validator(mode="after")
    def tags_in_one_way(self) -> "BulkChange":
        one_by_one = self.add_tags or self.remove_tags
        if one_by_one and "tags" in self.changes.model_fields_set:
            raise ValueError("send either all tags in `changes`, or `add_tags` and `remove_tags`")
        if not one_by_one and not self.changes.model_fields_set:
            raise ValueError("there is nothing to change")
        return self


class BulkProblem(Model):
    """What PATCH would have answered for this ticket."""

    status: int
    code: str
    detail: str


class BulkItem(Model):
    """`problem` is null for a ticket that is as it was asked for now, in `version`."""

    ticket_id: UUID
    version: int | None
    problem: BulkProblem | None


class BulkOut(Model):
    """In the order of the request."""

    changed: int
    failed: int
    data: list[BulkItem]
