"""A whole list takes away what is missing, and nothing else does."""

from datetime import timedelta
from uuid import UUID

from services.survey.adapters.base import Polled
from services.survey.fetching.listings import compared
from services.survey.hearing.canonical import FeedbackItem
from services.survey.hearing.service import hear
from shared.testing.harness import Harness
from tests.survey.hearing.making import Sender, heard, review


async def listed(
    survey: Harness, account: UUID, source: Sender, *items: FeedbackItem, whole: str | None
) -> dict[str, str]:
    """What became of what: by external id."""
    async with survey.work(account) as work:
        told = await compared(work, source, Polled(items, {}, whole=whole))
        outcomes = await hear(work, source, told)
    return {item.external_id: each.outcome for item, each in zip(told, outcomes, strict=True)}


async def test_what_is_missing_in_a_whole_list_is_gone(survey: Harness, account: UUID) -> None:
    source, here, there = Sender(), review("shop/1"), review("shop/2")
    await heard(survey, account, source, here, there, review("other/1"), review("shop_/1"))
    await heard(survey, account, Sender(), review("shop/3"))

    assert await listed(survey, account, source, here, whole=None) == {"shop/1": "same"}
    assert await listed(survey, account, source, here, whole="shop/") == {"shop/1": "same", "shop/2": "removed"}
    assert await listed(survey, account, source, here, whole="shop/") == {"shop/1": "same"}


async def test_what_is_back_is_there_again(survey: Harness, account: UUID) -> None:
    source, item = Sender(), review("shop/1", "2026-03-01T12:00:00.000000Z")
    await heard(survey, account, source, item)
    await listed(survey, account, source, whole="")
    client = survey.client(account=account)

    assert (await client.get("/v1/feedback")).json()["data"][0]["removed_at"] is not None
    survey.clock.advance(timedelta(days=1))
    assert await listed(survey, account, source, item, whole="") == {"shop/1": "edited"}
    assert (await client.get("/v1/feedback")).json()["data"][0]["removed_at"] is None
    assert await listed(survey, account, source, item, whole="") == {"shop/1": "same"}
