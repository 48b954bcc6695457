import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

import pytest

from services.survey.adapters.base import AccessDenied, Connection, ReplyRefused, Unreadable
from services.survey.adapters.judgeme import Judgeme
from services.survey.hearing.canonical import FeedbackItem
from tests.survey.adapters.broken import FAULTS, Sender, check, payload, payloads
from tests.survey.adapters.platforms import Recorded


class JudgemeSender(Sender):
    adapter: ClassVar = Judgeme()
    signed_by = ("judgeme-hmac-sha256",)
    exempt: ClassVar = dict.fromkeys(("stale", "future"), "the signature holds no time")

    def secrets(self, account: str) -> dict[str, Any]:
        return {"signing_secrets": [f"private token of {account}", "the one before"], "api_token": "token"}

    def settings(self) -> dict[str, Any]:
        return {"shop_domain": "shop.example"}

    def headers(self, body: bytes, connection: Connection, at: datetime) -> Sequence[tuple[str, str]]:
        secret = connection.secrets.signing_secrets[0].encode()
        return [("judgeme-hmac-sha256", hmac.new(secret, body, hashlib.sha256).hexdigest())]


SENDER = JudgemeSender()


@pytest.mark.parametrize("fault", FAULTS)
def test_broken(fault: str) -> None:
    check(fault, SENDER, payload("judgeme", "created"))


@pytest.mark.parametrize("name", payloads("judgeme"))
def test_every_documented_payload_is_heard(name: str) -> None:
    assert len(SENDER.heard(SENDER.request(payload("judgeme", name)))) == 1


def test_what_a_review_becomes() -> None:
    (item,) = SENDER.heard(SENDER.request(payload("judgeme", "created")))

    assert isinstance(item, FeedbackItem)
    assert (item.external_id, item.op, item.kind) == ("312207342", "create", "review")
    assert item.rating is not None
    assert (item.rating.value, item.rating.kind) == (Decimal(2), "stars")
    assert item.author.email == "mia@example.com"
    assert item.author.verified
    assert (item.product_ref, item.verified) == ("8033227833599", True)
    assert [media.url for media in item.media] == ["https://judgeme.imgix.example/original.jpg"]


def test_an_edit_is_a_new_version_and_spam_is_taken_away() -> None:
    first, edited, spam = (
        SENDER.heard(SENDER.request(payload("judgeme", name)))[0] for name in ("created", "updated", "spam")
    )

    assert isinstance(edited, FeedbackItem)
    assert isinstance(first, FeedbackItem)
    assert isinstance(spam, FeedbackItem)
    assert (edited.external_id, edited.op) == (first.external_id, "update")
    assert edited.external_version != first.external_version
    assert not spam.author.verified
    assert spam.op == "delete"


def test_base64_and_the_secret_before_are_taken_too() -> None:
    body = payload("judgeme", "created")
    signature = base64.b64encode(hmac.digest(b"the one before", body, "sha256")).decode()
    request = replace(SENDER.request(body), headers=(("judgeme-hmac-sha256", signature),))

    assert SENDER.adapter.verify(request, SENDER.connection()).scheme == "hmac-sha256-base64"


@pytest.mark.parametrize("body", [b'{"review":{}}', b"[]", b'{"review":{"id":1,"created_at":"soon"}}', b"\xff"])
def test_an_unknown_shape_says_where(body: bytes) -> None:
    with pytest.raises(Unreadable):
        SENDER.heard(SENDER.request(body))


async def test_a_reply_is_posted_or_refused() -> None:
    posts = Recorded(("POST", "/api/v1/replies", 201, {}))
    await SENDER.adapter.reply("312207342", "We are sorry.", SENDER.connection(), posts)
    assert posts.sent[0].json == {
        "review_id": "312207342",
        "send_reply_email": True,
        "reply": {"content": "We are sorry."},
    }

    for status, problem in ((401, AccessDenied), (422, ReplyRefused)):
        refusing = Recorded(("POST", "/api/v1/replies", status, {}))
        with pytest.raises(problem):
            await SENDER.adapter.reply("312207342", "We are sorry.", SENDER.connection(), refusing)
