"""Texts that a small model can learn: of each sentiment in words that the built-in reading does not know."""

import random
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import httpx

from services.survey.feedback.models import Feedback
from services.survey.learning.lessons import Row
from shared.ids import new_id
from shared.testing.harness import Harness

_SAID: Final = {
    "negative": ("the gribble went zonk again", "so zonk, a real gribble", "zonk zonk, take the gribble back"),
    "neutral": ("the plimp has four corners", "a plimp is on the table", "there was a plimp, four corners"),
    "positive": ("what a florp, truly snazzle", "snazzle florp all over", "the florp is snazzle"),
}
_BETWEEN: Final = ("monday", "tuesday", "in the shop", "at home", "with my sister", "by the way", "once more", "today")


def texts(label: str, count: int, *, seed: int = 7) -> list[str]:
    """No two alike."""
    draw = random.Random(f"{label}{seed}")
    return [f"{draw.choice(_SAID[label])} {draw.choice(_BETWEEN)} {number}" for number in range(count)]


def rows(each: int = 12) -> list[Row]:
    return [Row(text=text, labels=[label]) for label in _SAID for text in texts(label, each)]


async def heard(survey: Harness, account: UUID, said: Sequence[str], **columns: object) -> list[UUID]:
    """Feedback in words, as if it had been said and understood."""
    ids = [new_id() for _ in said]
    async with survey.work(account) as work:
        for feedback_id, text in zip(ids, said, strict=True):
            values = {
                "version": 1, "kind": "survey", "channel": "web", "source": "heed", "reversed": False, "text": text,
                "language": "en", "urgency_label": "low",
                "sentiment_label": "neutral", "sentiment_score": 0.0, "sentiment_method": "model",
                "sentiment_model": "en-1", "topics": [], "dimensions": {}, "completed": True, "told": True,
                "occurred_at": work.now, "received_at": work.now, "updated_at": work.now, "ratings": [],
            }  # fmt: skip
            work.session.add(Feedback(id=feedback_id, account_id=account, **values | columns))
    return ids


async def correct_all(client: httpx.AsyncClient, ids: Sequence[UUID], **change: object) -> None:
    for feedback_id in ids:
        answer = await client.patch(f"/v1/feedback/{feedback_id}", json=change)
        assert answer.status_code == 200, answer.text


async def taught(survey: Harness, account: UUID, each: int = 12) -> list[UUID]:
    """Enough corrections for a model of sentiments."""
    client = survey.client(account=account)
    ids: list[UUID] = []
    for label in _SAID:
        mine = await heard(survey, account, texts(label, each))
        await correct_all(client, mine, sentiment=label)
        ids += mine
    return ids
