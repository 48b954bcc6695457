"""Yotpo's pushes, and its nightly list.

Seen to fail: a list that ends with a full page taken for whole, and one that was begun the turn before.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar

import pytest

from services.survey.adapters.base import AccessDenied, Connection, Unreadable
from services.survey.adapters.calling import TOKENS
from services.survey.adapters.yotpo import Yotpo
from services.survey.hearing.canonical import FeedbackItem
from tests.survey.adapters.broken import FAULTS, NOW, Sender, check, payload, payloads
from tests.survey.adapters.platforms import Recorded

UNSIGNED = "Yotpo signs nothing: the door knows the sender by the address alone"


class YotpoSender(Sender):
    adapter: ClassVar = Yotpo()
    exempt: ClassVar = dict.fromkeys([fault for fault in FAULTS if fault not in {"empty_body", "replay"}], UNSIGNED)

    def settings(self) -> dict[str, Any]:
        return {"app_key": "aBcDeFgHiJ"}

    def headers(self, body: bytes, connection: Connection, at: datetime) -> Sequence[tuple[str, str]]:
        return [("eventid", "1f0e6f3c")]


SENDER = YotpoSender()


def heard(name: str) -> FeedbackItem:
    (item,) = SENDER.heard(SENDER.request(payload("yotpo", name)))
    assert isinstance(item, FeedbackItem)
    return item


@pytest.mark.parametrize("fault", FAULTS)
def test_broken(fault: str) -> None:
    check(fault, SENDER, payload("yotpo", "created"))


@pytest.mark.parametrize("name", payloads("yotpo"))
def test_every_documented_payload_is_heard(name: str) -> None:
    assert heard(name).external_id == "44102551"


def test_what_a_review_becomes() -> None:
    item = heard("created")

    assert item.rating is not None
    assert (item.op, item.rating.value, item.order_ref, item.product_ref) == ("create", Decimal(1), "R-1044", "SKU-9")
    assert (item.author.email, item.author.verified) == ("ana@example.com", True)


def test_numbers_and_truths_may_be_strings() -> None:
    item = heard("updated_strings")

    assert item.rating is not None
    assert (item.op, item.rating.value) == ("update", Decimal(3))
    assert item.occurred_at == datetime(2018, 2, 21, 8, 0, tzinfo=UTC)
    assert item.verified


def test_deleted_means_deleted() -> None:
    assert heard("deleted").op == "delete"


@pytest.mark.parametrize(
    "body",
    [
        payload("yotpo", "created").replace(b"aBcDeFgHiJ", b"another"),
        payload("yotpo", "created").replace(b"review_create", b"order_create"),
        payload("yotpo", "created").replace(b'"score": 1', b'"score": 11'),
        payload("yotpo", "created").replace(b'"deleted": false', b'"deleted": "perhaps"'),
    ],
)
def test_other_shops_and_other_shapes_are_put_aside(body: bytes) -> None:
    with pytest.raises(Unreadable):
        SENDER.heard(SENDER.request(body))


class TestTheNightlyList:
    PATH = "/v1/apps/aBcDeFgHiJ/reviews"
    TOKEN = ("POST", "/oauth/token", 200, {"access_token": "y", "token_type": "bearer"})
    REVIEW: ClassVar[dict[str, Any]] = {
        "id": 7,
        "title": "Fits",
        "content": "As it should.",
        "score": 5,
        "created_at": "2018-02-20T14:12:13.000Z",
        "updated_at": "2018-02-21T14:12:13.000Z",
        "sku": "SKU-9",
        "name": "Ana",
        "email": "ana@example.com",
        "reviewer_type": "verified_buyer",
        "deleted": False,
        "archived": False,
    }

    @pytest.fixture(autouse=True)
    def no_tokens(self) -> Iterator[None]:
        yield
        TOKENS.forget("y")

    def page(self, *numbers: int) -> tuple[str, str, int, Any]:
        return "GET", self.PATH, 200, {"reviews": [self.REVIEW | {"id": number} for number in numbers]}

    def connection(self) -> Connection:
        own = SENDER.connection()
        return replace(own, secrets=own.secrets.model_copy(update={"api_secret": "s"}))

    async def test_is_read_to_its_end_and_then_whole(self) -> None:
        platform = Recorded(self.TOKEN, self.page(*range(100)), self.page(100), self.page())
        polled = await SENDER.adapter.poll(self.connection(), platform, {}, NOW)
        assert (len(polled.items), polled.whole, polled.more, polled.cursor) == (101, "", False, {})
        assert platform.sent[2].params == {"utoken": "y", "count": "100", "page": "2"}
        item = polled.items[7]
        assert isinstance(item, FeedbackItem)
        assert (item.external_id, item.op, item.product_ref, item.author.email) == (
            "7",
            "update",
            "SKU-9",
            "ana@example.com",
        )
        assert item.verified

    @pytest.mark.parametrize("pages", [[()], [range(100), ()]])
    async def test_that_ends_strangely_takes_nothing_away(self, pages: list[Sequence[int]]) -> None:
        platform = Recorded(self.TOKEN, *(self.page(*numbers) for numbers in pages))
        assert (await SENDER.adapter.poll(self.connection(), platform, {}, NOW)).whole is None

    async def test_that_takes_longer_goes_on_in_the_next_turn_and_takes_nothing_away(self) -> None:
        platform = Recorded(self.TOKEN, self.page(*range(100)), self.page(100), self.page(), seconds=20)
        first = await SENDER.adapter.poll(self.connection(), platform, {}, NOW)
        second = await SENDER.adapter.poll(self.connection(), platform, first.cursor, NOW)
        assert (first.cursor, first.more, len(first.items)) == ({"page": 2}, True, 100)
        assert (second.cursor, second.more, second.whole, len(second.items)) == ({}, False, None, 1)

    async def test_needs_the_secret_and_a_good_one(self) -> None:
        assert (await SENDER.adapter.poll(SENDER.connection(), Recorded(), {}, NOW)).items == []
        refused = Recorded(self.TOKEN, ("GET", self.PATH, 401, {}))
        with pytest.raises(AccessDenied):
            await SENDER.adapter.poll(self.connection(), refused, {}, NOW)
