"""Items and sources with sensible defaults: a test states only what matters to it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.survey.hearing.canonical import Author, FeedbackItem, Item, ItemRating
from services.survey.hearing.service import Heard, hear
from shared.ids import new_id
from shared.testing.harness import Harness

SAID_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Sender:
    id: UUID = field(default_factory=new_id)
    adapter: str = "trustpilot"


def stars(value: float, **fields: Any) -> ItemRating:
    scale = {"minimum": Decimal(1), "maximum": Decimal(5)} | fields
    return ItemRating(raw=str(value), value=Decimal(str(value)), **scale)


def review(external_id: str = "r-1", version: str = "1", *, given: float | None = 4, **fields: Any) -> FeedbackItem:
    author = fields.pop("author", {"name": "Ana"})
    defaults: dict[str, Any] = {"kind": "review", "channel": "web", "occurred_at": SAID_AT, "text": "It was fine."}
    return FeedbackItem(
        external_id=external_id,
        external_version=version,
        rating=None if given is None else stars(given),
        author=Author(**author),
        **defaults | fields,
    )


async def heard(survey: Harness, account: UUID, source: Sender, *items: Item, **how: Any) -> Sequence[Heard]:
    """In a transaction of its own."""
    async with survey.work(account) as work:
        return await hear(work, source, items, **how)


async def outcomes(survey: Harness, account: UUID, source: Sender, *items: Item, **how: Any) -> list[str]:
    return [each.outcome for each in await heard(survey, account, source, *items, **how)]
