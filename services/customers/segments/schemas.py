"""Segments in requests and answers."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, field_validator, model_validator
from pydantic_core.core_schema import ValidationInfo

from services.customers.segments.conditions import WholeCondition
from services.customers.segments.models import SegmentKind, State
from shared.http.schemas import Model, Name, ShortText

MOST_LISTED = 1_000
LeftOut = Literal["restricted", "merged", "unwilling"]

Description = Annotated[ShortText, Field(description="What it is for, in the account's own words.")]


class NewSegment(Model):
    """A `dynamic` one has a condition and is kept current; the members of a `static` one are listed by hand."""

    name: Name
    description: Description | None = None
    kind: SegmentKind = "dynamic"
    condition: WholeCondition | None = Field(None, validate_default=True)

    @field_validator("condition")
    @classmethod
    def is_there_if_dynamic(cls, condition: Any, info: ValidationInfo) -> Any:
        if "kind" in info.data and (info.data["kind"] == "dynamic") != (condition is not None):
            raise ValueError("a dynamic segment has a `condition`, a static one has none")
        return condition


class SegmentChanges(Model):
    """What is left out stays as it is. Another condition has everybody looked at again."""

    name: Name | None = None
    description: Description | None = None
    condition: WholeCondition | None = None

    @model_validator(mode="after")
    def keeps_what_it_needs(self) -> "SegmentChanges":
        for name in ("name", "condition"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"`{name}` can be changed, not taken away")
        return self


class Progress(Model):
    """Of the first look at everybody: customers looked at, of how many."""

    done: int
    of: int


class SegmentOut(Model):
    """While it is `building`, `members` are those found so far, besides those of the condition before."""

    id: UUID
    name: str
    description: str | None
    kind: SegmentKind
    condition: WholeCondition | None
    is_persona: bool
    state: State
    progress: Progress
    members: int
    version: int
    created_at: datetime
    updated_at: datetime


class Person(Model):
    """A customer, as far as a list shows them."""

    customer_id: UUID
    name: str | None
    email: str | None
    external_id: str | None


class MemberOut(Person):
    entered_at: datetime


class MembershipOut(Model):
    """A segment that a customer belongs to."""

    segment_id: UUID
    name: str
    is_persona: bool
    entered_at: datetime


class PreviewRequest(Model):
    condition: WholeCondition


class Preview(Model):
    """`members` of `customers` would belong; `sample` are ten of them at most, the newest."""

    members: int
    customers: int
    sample: list[Person]


class Listed(Model):
    customer_ids: Annotated[list[UUID], Field(min_length=1, max_length=MOST_LISTED)]


class ConditionExplained(Model):
    """`place` is a JSON Pointer into the segment's condition; `condition` what stands there and `observed` what was
    seen of the customer, both null for what only combines others.

    A static segment has one, of type `list`, without a condition.
    """

    place: str
    type: str
    condition: WholeCondition | None
    is_true: bool
    observed: Any


class Explanation(Model):
    """Why a customer belongs or not, as it is now; `looks_at` are the conditions, the whole one first.

    `left_out`: no segment may have them, because they are `restricted`, have been `merged` into somebody else, or are
    `unwilling` to be computed on (a no to `analytics`); then no condition is shown. `review_at`: when time alone may
    change it. `entered_at`: since when they are among the members; while it is building they may be yet to come.
    """

    segment_id: UUID
    customer_id: UUID
    belongs: bool
    entered_at: datetime | None
    left_out: LeftOut | None
    looks_at: list[ConditionExplained]
    review_at: datetime | None
