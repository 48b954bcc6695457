from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar

import pytest

from services.survey.adapters.base import Connection, Unreadable
from services.survey.adapters.yotpo import Yotpo
from services.survey.hearing.canonical import FeedbackItem
from tests.survey.adapters.broken import FAULTS, Sender, check, payload, payloads

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
