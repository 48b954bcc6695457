"""The generic adapter under Standard Webhooks; the other ways of signing and the presets have tests/survey/mapping."""

import base64
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar

import pytest

from services.survey.adapters.base import Connection
from services.survey.hearing.canonical import FeedbackItem
from services.survey.mapping.adapter import SignedJson
from services.survey.mapping.presets import presets
from tests.survey.adapters.broken import FAULTS, Sender, check, payload


class StandardSender(Sender):
    adapter: ClassVar = SignedJson()
    signed_by = ("webhook-id", "webhook-timestamp", "webhook-signature")

    def settings(self) -> dict[str, Any]:
        return presets()["standard_webhooks"].settings

    def secrets(self, account: str) -> dict[str, Any]:
        return {"secrets": [f"whsec_{base64.b64encode(account.encode() * 4).decode()}"]}

    def headers(self, body: bytes, connection: Connection, at: datetime) -> Sequence[tuple[str, str]]:
        key = base64.b64decode(connection.secrets.secrets[0].removeprefix("whsec_"))
        stamp = str(int(at.timestamp()))
        signature = base64.b64encode(hmac.digest(key, f"msg_1.{stamp}.".encode() + body, "sha256")).decode()
        return [
            ("webhook-id", "msg_1"),
            ("webhook-timestamp", stamp),
            ("webhook-signature", f"v1,{base64.b64encode(b'another').decode()} v1,{signature}"),
        ]


SENDER = StandardSender()


@pytest.mark.parametrize("fault", FAULTS)
def test_broken(fault: str) -> None:
    check(fault, SENDER, payload("json", "review"))


def test_what_a_review_becomes() -> None:
    (item,) = SENDER.heard(SENDER.request(payload("json", "review")))

    assert isinstance(item, FeedbackItem)
    assert (item.external_id, item.op, item.title, item.text) == (
        "r-1001",
        "create",
        "Cold pizza",
        "Two hours late & cold.",
    )
    assert (item.author.email, item.author.external_id) == ("ana@example.com", "c-7")
    assert (item.occurred_at, item.time_confidence) == (datetime(2026, 11, 29, 10, 58, tzinfo=UTC), "exact")
    assert item.rating is not None
    assert item.rating.value == Decimal(2)
