"""Public reviews are a family of their own: who writes one chose to."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from shared.contracts.feedback import FeedbackReceived
from shared.contracts.ratings import Rating
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.metrics.builders import feedback, rating
from tests.metrics.scores.test_metrics import MARCH, ask

UP = Rating(scheme="binary", value=1, minimum=0, maximum=1, normalised=100, band="positive")


async def tell(metrics: Harness, account: UUID, said: Sequence[FeedbackReceived], *, version: int = 1) -> None:
    await metrics.deliver_raw([metrics.event(item, account=account, version=version) for item in said])


def review(stars: int, **fields: Any) -> FeedbackReceived:
    return feedback(kind="review", source="trustpilot", rating=rating("rating", stars), **fields)


async def test_are_not_mixed_with_surveys_nor_stars_with_thumbs(metrics: Harness, account: UUID) -> None:
    said = [
        *(review(1), review(4, product_ref="sku-1"), feedback(rating=rating("rating", 5))),
        *(review(5).model_copy(update={"rating": UP}), feedback(kind="rating", rating=UP)),
    ]
    await tell(metrics, account, said)
    client = metrics.client(account=account)
    found = {name: await ask(client, name, **MARCH) for name in ("rating", "review_rating", "recommended_pct")}
    assert {name: (each["value"], each["n"]) for name, each in found.items()} == {
        "rating": (5.0, 1),
        "review_rating": (2.5, 2),
        "recommended_pct": (100.0, 1),
    }
    assert (await ask(client, "binary_pct", **MARCH))["n"] == 1
    by_product = await ask(client, "review_rating", dimension="product", **MARCH)
    assert [(each["group"], each["value"]) for each in by_product["series"]] == [("sku-1", 4.0), (None, 1.0)]


async def test_count_as_they_stand_today(metrics: Harness, account: UUID) -> None:
    client, first = metrics.client(account=account), rating("rating", 1)
    ids = [new_id() for _ in range(3)]
    await tell(metrics, account, [review(1, feedback_id=each) for each in ids])
    raised, lowered = review(5, feedback_id=ids[0], first_rating=first), review(1, feedback_id=ids[1])
    lowered = lowered.model_copy(update={"first_rating": rating("rating", 3)})
    await tell(metrics, account, [raised, lowered], version=2)
    assert (await ask(client, "review_rating", **MARCH))["n"] == 3
    recovered = await ask(client, "recovered_reviews_pct", **MARCH)
    assert (recovered["value"], recovered["n"], recovered["bands"]["positive"]) == (50.0, 2, 1)
    await tell(metrics, account, [raised.model_copy(update={"removed": True})], version=3)
    assert (await ask(client, "review_rating", **MARCH))["value"] == 1.0
    assert (await ask(client, "recovered_reviews_pct", **MARCH))["n"] == 1
