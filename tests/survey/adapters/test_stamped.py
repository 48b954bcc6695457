from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar

import pytest

from services.survey.adapters.base import Connection, Unreadable
from services.survey.adapters.stamped import Stamped
from services.survey.hearing.canonical import FeedbackItem
from tests.survey.adapters.broken import FAULTS, NOW, Sender, check, payload, payloads

PLAIN = "the secret goes along as it is, whatever the body"


class StampedSender(Sender):
    adapter: ClassVar = Stamped()
    signed_by = ("x-stamped-webhook-secret", "x-secret-key")
    exempt: ClassVar = dict.fromkeys(("flipped_byte", "reserialised", "stale", "future", "oversize"), PLAIN)

    def secrets(self, account: str) -> dict[str, Any]:
        return {"webhook_secrets": [f"secret of {account}"]}

    def headers(self, body: bytes, connection: Connection, at: datetime) -> Sequence[tuple[str, str]]:
        secret = connection.secrets.webhook_secrets[0]
        return [("x-stamped-webhook-secret", secret), ("x-secret-key", secret), ("x-stamped-topic", "reviews")]


SENDER = StampedSender()


@pytest.mark.parametrize("fault", FAULTS)
def test_broken(fault: str) -> None:
    check(fault, SENDER, payload("stamped", "review"))


@pytest.mark.parametrize("name", payloads("stamped"))
def test_every_documented_payload_is_heard(name: str) -> None:
    assert len(SENDER.heard(SENDER.request(payload("stamped", name)))) == 1


def test_the_other_header_is_enough() -> None:
    request = SENDER.request(payload("stamped", "review"))
    only = tuple(each for each in request.headers if each[0] != "x-stamped-webhook-secret")
    assert SENDER.heard(replace(request, headers=only))


def test_what_a_review_becomes() -> None:
    item, verified = (
        SENDER.heard(SENDER.request(payload("stamped", name)))[0] for name in ("review", "review_verified")
    )

    assert isinstance(item, FeedbackItem)
    assert isinstance(verified, FeedbackItem)
    assert (item.external_id, item.kind, item.title, item.text) == ("14243711", "review", "Test review", "testing")
    # The zone is nowhere to be found.
    assert item.occurred_at == datetime(2019, 6, 5, 9, 30, 14, 963000, tzinfo=UTC)
    assert item.time_confidence == "assumed"
    assert (item.verified, item.author.verified) == (False, False)
    assert (verified.verified, verified.author.verified) == (True, True)


def test_a_net_promoter_score_is_an_answer_and_no_review() -> None:
    (item,) = SENDER.heard(SENDER.request(payload("stamped", "nps")))

    assert isinstance(item, FeedbackItem)
    assert item.rating is not None
    assert (item.kind, item.rating.kind, item.rating.value, item.rating.maximum) == (
        "survey",
        "nps",
        Decimal(5),
        Decimal(10),
    )
    assert (item.occurred_at, item.time_confidence) == (NOW, "assumed")


def test_a_question_is_a_message() -> None:
    (item,) = SENDER.heard(SENDER.request(payload("stamped", "question")))

    assert isinstance(item, FeedbackItem)
    assert (item.kind, item.rating, item.product_ref) == ("message", None, "10192130439")


@pytest.mark.parametrize(
    "body", [b'{"points": 5}', b'{"id": 1, "reviewRating": 9}', b'{"id": 1, "reviewRating": "NaN"}']
)
def test_anything_else_is_put_aside(body: bytes) -> None:
    with pytest.raises(Unreadable):
        SENDER.heard(SENDER.request(body))
