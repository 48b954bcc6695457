"""Merges and suggestions of them in requests and answers."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from shared.http.schemas import Model, ShortText

SuggestionState = Literal["open", "accepted", "dismissed"]
Keep = Annotated[
    UUID | None,
    Field(description="Which of the two stays. Left out: the one with a history, then the older, is kept."),
]


class NewMerge(Model):
    """`customer_id` is the other record; which of the two is named in the address makes no difference."""

    customer_id: UUID
    keep: Keep = None
    reason: ShortText | None = None


class Unmerge(Model):
    """`customer_id` is the record that is to be a customer of its own again."""

    customer_id: UUID


class Decision(Model):
    """`merge`: they are one person. Otherwise they are two, and it is not suggested again."""

    merge: bool
    keep: Keep = None


class MergeOut(Model):
    """`merged_customer_id` is part of `customer_id`, until `unmerged_at`; `taken` names the fields it filled there, at
    the merge or by what was told under its identities since."""

    id: UUID
    customer_id: UUID
    merged_customer_id: UUID
    automatic: bool
    reason: str | None
    taken: list[str]
    merged_at: datetime
    merged_by: str
    unmerged_at: datetime | None
    unmerged_by: str | None


class SuggestionOut(Model):
    """Two records that may be one person. `score` is 0 to 100; `signs` is what they share, `conflicts` are strong
    identities of which they have different ones; `merge_id` is what came of it, if it was accepted."""

    id: UUID
    customer_ids: list[UUID]
    score: int
    signs: list[str]
    conflicts: list[str]
    state: SuggestionState
    merge_id: UUID | None
    created_at: datetime
    decided_at: datetime | None
    decided_by: str | None
