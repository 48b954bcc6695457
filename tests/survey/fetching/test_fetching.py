"""Platforms that are asked: in turns, and when they say that something changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

import httpx
import orjson
import pytest

from services.survey.adapters.base import (
    Capabilities,
    Connection,
    Platform,
    PlatformBusy,
    PlatformDown,
    Poll,
    Polled,
    PushHint,
    Received,
    Unreadable,
    Verified,
)
from services.survey.adapters.registry import adapters
from services.survey.fetching import hints
from services.survey.fetching.hints import HINTS
from services.survey.fetching.polling import POLLS
from services.survey.fetching.questions import FAILURES_TO_TELL, LONGEST_PAUSE, pause_after
from services.survey.hearing.canonical import Author, FeedbackItem, Hint, Item, ItemRating
from shared.contracts.sources import SourceDelivered, SourceRecovered, SourceTroubled
from shared.ids import new_id
from shared.testing.harness import Harness


@dataclass
class Shop(PushHint, Poll):
    """`reviews` are what the platform shows, in pages of two; `raises` is what it does instead."""

    name: ClassVar[str] = "shop"
    title: ClassVar[str] = "A shop"
    capabilities: ClassVar[Capabilities] = Capabilities(poll=True)
    every: ClassVar[timedelta] = timedelta(hours=1)
    reviews: dict[str, int] = field(default_factory=dict)
    raises: Exception | None = None
    looks: list[str] = field(default_factory=list)
    polls: list[dict[str, Any]] = field(default_factory=list)

    def verify(self, received: Received, connection: Connection) -> Verified:
        return Verified("address")

    def hints(self, received: Received, connection: Connection) -> Sequence[Hint]:
        try:
            return [Hint(reference=name) for name in orjson.loads(received.body)]
        except orjson.JSONDecodeError:
            raise Unreadable("This is no list.") from None

    async def fetch(self, hint: Hint, connection: Connection, platform: Platform) -> Sequence[Item]:
        self.looks.append(hint.reference)
        if self.raises is not None:
            raise self.raises
        stars = self.reviews.get(hint.reference)
        return [] if stars is None else [shown(hint.reference, stars, platform.now())]

    async def poll(
        self, connection: Connection, platform: Platform, cursor: Mapping[str, Any], now: datetime
    ) -> Polled:
        self.polls.append(dict(cursor))
        if self.raises is not None:
            raise self.raises
        names, start = sorted(self.reviews), int(cursor.get("at", 0))
        page = names[start : start + 2]
        items = [shown(name, self.reviews[name], now) for name in page]
        more = start + 2 < len(names)
        whole = "" if len(page) == len(names) else None
        return Polled(items, {"at": start + 2} if more else {}, more=more, whole=whole)


def shown(name: str, stars: int, at: datetime) -> FeedbackItem:
    return FeedbackItem(
        external_id=name,
        external_version=str(stars),
        occurred_at=at,
        author=Author(anonymous=True),
        kind="review",
        channel="shop",
        rating=ItemRating(raw=str(stars), value=Decimal(stars), minimum=Decimal(1), maximum=Decimal(5)),
    )


@dataclass
class Street:
    survey: Harness
    account: UUID
    shop: Shop
    client: httpx.AsyncClient

    async def connected(self) -> dict[str, Any]:
        answer = await self.client.post("/v1/sources", json={"adapter": self.shop.name, "name": "Shop"})
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def hint(self, source: dict[str, Any], *names: str, body: bytes | None = None) -> None:
        content = orjson.dumps(names) if body is None else body
        sent = await self.survey.anonymous().post(httpx.URL(source["hook_url"]).path, content=content)
        assert sent.status_code == 200, sent.text
        await self.survey.deliver_raw([event.raw for event in await self.survey.emitted(self.account, SourceDelivered)])

    async def heard(self) -> dict[str, int]:
        found = (await self.client.get("/v1/feedback")).json()["data"]
        return {one["external_id"]: one["rating"]["raw"] for one in found}

    async def deliveries(self, source: dict[str, Any]) -> list[str]:
        found = (await self.client.get(f"/v1/sources/{source['id']}/deliveries")).json()["data"]
        return [one["state"] for one in found]

    async def ask(self, which: Any) -> None:
        await which.run_due(self.survey.runtime)


@pytest.fixture
def street(survey: Harness, account: UUID, monkeypatch: pytest.MonkeyPatch) -> Street:
    # The queue serves all accounts: what another test has connected must not find this one's shop.
    shop: Shop = type("ShopOfThisTest", (Shop,), {"name": f"shop-{new_id()}"})()
    monkeypatch.setitem(adapters(), shop.name, shop)
    return Street(survey, account, shop, survey.client(account=account))


class TestPolling:
    async def test_begins_by_itself_and_goes_on_page_by_page(self, street: Street) -> None:
        street.shop.reviews = {"a": 5, "b": 4, "c": 3}
        await street.connected()
        await street.ask(POLLS)
        assert await street.heard() == {"a": 5, "b": 4, "c": 3}
        assert street.shop.polls == [{}, {"at": 2}]
        street.shop.reviews = {"a": 1}
        street.survey.clock.advance(timedelta(minutes=50))
        await street.ask(POLLS)
        assert len(street.shop.polls) == 2
        street.survey.clock.advance(timedelta(minutes=20))
        await street.ask(POLLS)
        assert (await street.heard())["a"] == 1

    async def test_what_is_missing_in_a_whole_list_is_gone(self, street: Street) -> None:
        street.shop.reviews = {"a": 1, "b": 2}
        await street.connected()
        await street.ask(POLLS)
        del street.shop.reviews["b"]
        street.survey.clock.advance(timedelta(hours=2))
        await street.ask(POLLS)

        data = (await street.client.get("/v1/feedback")).json()["data"]
        assert {each["external_id"]: each["removed_at"] is not None for each in data} == {"a": False, "b": True}

    async def test_stops_while_paused_and_goes_on_at_once(self, street: Street) -> None:
        source = await street.connected()
        await street.client.post(f"/v1/sources/{source['id']}/pause")
        await street.ask(POLLS)
        assert street.shop.polls == []
        await street.client.post(f"/v1/sources/{source['id']}/resume")
        await street.ask(POLLS)
        assert len(street.shop.polls) == 1
        await street.client.delete(f"/v1/sources/{source['id']}")
        street.survey.clock.advance(timedelta(hours=2))
        await street.ask(POLLS)
        assert len(street.shop.polls) == 1

    async def test_a_platform_that_asks_to_wait_is_left_alone(self, street: Street) -> None:
        street.shop.raises = PlatformBusy(street.survey.clock.now() + timedelta(hours=3))
        source = await street.connected()
        await street.ask(POLLS)
        street.shop.raises = None
        await street.hint(source, "a")
        street.survey.clock.advance(timedelta(hours=2))
        await street.ask(POLLS)
        await street.ask(HINTS)
        assert (len(street.shop.polls), street.shop.looks) == (1, [])
        street.survey.clock.advance(timedelta(hours=1))
        await street.ask(POLLS)
        await street.ask(HINTS)
        assert (len(street.shop.polls), street.shop.looks) == (2, ["a"])

    async def test_one_that_is_down_is_asked_ever_less_often_and_told_once(self, street: Street) -> None:
        street.shop.raises = PlatformDown("answered 502")
        await street.connected()
        for _ in range(FAILURES_TO_TELL + 2):
            await street.ask(POLLS)
            street.survey.clock.advance(LONGEST_PAUSE)
        [troubled] = await street.survey.emitted(street.account, SourceTroubled)
        assert isinstance(troubled.data, SourceTroubled)
        assert (troubled.data.trouble, troubled.data.detail) == ("failing", "answered 502")
        street.shop.raises, street.shop.reviews = None, {"a": 5}
        await street.ask(POLLS)
        assert await street.heard() == {"a": 5}
        assert len(await street.survey.emitted(street.account, SourceRecovered)) == 1

    async def test_a_mistake_of_ours_is_no_endless_loop(self, street: Street) -> None:
        street.shop.raises = KeyError("oops")
        await street.connected()
        await street.ask(POLLS)
        await street.ask(POLLS)
        assert len(street.shop.polls) == 1


class TestHints:
    async def test_are_looked_up_and_what_is_seen_is_believed(self, street: Street) -> None:
        source = await street.connected()
        street.shop.reviews = {"a": 2}
        await street.hint(source, "a", "a", "forged")
        assert await street.deliveries(source) == ["received"]
        await street.ask(HINTS)
        assert await street.heard() == {"a": 2}
        assert street.shop.looks == ["a", "forged"]
        assert await street.deliveries(source) == ["read"]

    async def test_what_cannot_be_read_is_put_aside(self, street: Street) -> None:
        source = await street.connected()
        await street.hint(source, body=b"{")
        await street.ask(HINTS)
        assert (await street.deliveries(source), street.shop.looks) == (["quarantined"], [])

    async def test_cost_a_limited_number_of_looks(self, street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(hints, "MOST_LOOKS", 2)
        source = await street.connected()
        for name in "abc":
            await street.hint(source, name)
        await street.ask(HINTS)
        assert len(street.shop.looks) == 2
        street.survey.clock.advance(timedelta(hours=1))
        await street.ask(HINTS)
        assert sorted(street.shop.looks) == ["a", "b", "c"]

    async def test_what_cannot_be_fetched_for_days_is_put_aside_with_the_reason(self, street: Street) -> None:
        source = await street.connected()
        street.shop.raises = PlatformDown("answered 500")
        await street.hint(source, "a")
        for _ in range(12):
            await street.ask(HINTS)
            street.survey.clock.advance(LONGEST_PAUSE)
        assert await street.deliveries(source) == ["quarantined"]
        street.shop.raises, street.shop.reviews = None, {"a": 4}
        [delivery] = (await street.client.get(f"/v1/sources/{source['id']}/deliveries")).json()["data"]
        assert "answered 500" in delivery["problem"]
        retried = await street.client.post(f"/v1/sources/{source['id']}/deliveries/{delivery['id']}/retry")
        assert retried.status_code in {200, 202}, retried.text
        await street.survey.deliver_raw(
            [event.raw for event in await street.survey.emitted(street.account, SourceDelivered)][-1:]
        )
        await street.ask(HINTS)
        assert await street.heard() == {"a": 4}


def test_pauses_grow_to_six_hours() -> None:
    pauses = [pause_after(failures) for failures in range(1, 12)]
    assert pauses[:3] == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4)]
    assert pauses[-1] == LONGEST_PAUSE == pause_after(10_000)
