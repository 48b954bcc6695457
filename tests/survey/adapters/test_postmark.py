import base64
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

import orjson
import pytest

from services.survey.adapters.base import Connection, Received, Rejected
from services.survey.adapters.postmark import Postmark
from services.survey.hearing.canonical import DeliveryItem, FeedbackItem
from tests.survey.adapters.broken import FAULTS, Sender, check, payload, payloads

PLAIN = "basic authentication covers no bytes and no time"


class PostmarkSender(Sender):
    adapter: ClassVar = Postmark()
    signed_by = ("authorization",)
    exempt: ClassVar = dict.fromkeys(("flipped_byte", "reserialised", "stale", "future", "oversize"), PLAIN)

    def settings(self) -> dict[str, Any]:
        return {"addresses": ["support@shop.example"]}

    def secrets(self, account: str) -> dict[str, Any]:
        return {"passwords": [f"password of {account}", "the one before"]}

    def headers(self, body: bytes, connection: Connection, at: datetime) -> Sequence[tuple[str, str]]:
        return [("authorization", basic("heed", connection.secrets.passwords[0]))]

    def miscoded(self, request: Received) -> Received:
        return with_authorization(request, "Basic heed:password of ours")


def basic(user_name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user_name}:{password}".encode()).decode()


def with_authorization(request: Received, value: str) -> Received:
    rest = tuple(each for each in request.headers if each[0] != "authorization")
    return replace(request, headers=(*rest, ("authorization", value)))


SENDER = PostmarkSender()


@pytest.mark.parametrize("fault", FAULTS)
def test_broken(fault: str) -> None:
    check(fault, SENDER, payload("postmark", "inbound"))


@pytest.mark.parametrize("name", payloads("postmark"))
def test_every_documented_payload_is_heard(name: str) -> None:
    assert len(SENDER.heard(SENDER.request(payload("postmark", name)))) == 1


def test_the_password_before_still_works_and_another_user_does_not() -> None:
    request = SENDER.request(payload("postmark", "inbound"))
    assert SENDER.heard(with_authorization(request, basic("heed", "the one before")))
    with pytest.raises(Rejected):
        SENDER.heard(with_authorization(request, basic("other", "password of ours")))


def test_a_mail_becomes_a_message_with_what_is_visible_of_it() -> None:
    [item] = SENDER.heard(SENDER.request(payload("postmark", "inbound")))

    assert isinstance(item, FeedbackItem)
    assert (item.kind, item.channel, item.title) == ("message", "email", "My order is late")
    assert item.text == "It should have been here on Monday."
    assert item.mail is not None
    assert item.mail.whole is not None
    assert "Thank you for your order" in item.mail.whole
    assert item.author.model_dump(include={"name", "email", "verified"}) == {
        "name": "Ana Silva",
        "email": "ana@example.com",
        "verified": True,
    }
    assert (item.mail.message_id, item.mail.references) == (
        "CAGXpo2WKfxHWZ5UFYCR3H_J9SNMG+5AXUovfEFL6DjWBJSyZaA@mail.gmail.com",
        ("order.1001@shop.example",),
    )
    assert (item.mail.mailbox, item.mail.copies) == ("support@shop.example", ("ben@example.com",))
    [media] = item.media
    assert (media.name, media.media_type, media.size) == ("box.png", "image/png", 68)
    assert media.content is not None
    assert "content" not in media.model_dump()


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("X-Spam-Tests", "DKIM_SIGNED,DKIM_INVALID,SPF_FAIL"),
        # Two of them: one is the author's own.
        ("X-Extra", "X-Spam-Tests"),
    ],
)
def test_whoever_is_not_vouched_for_is_not_verified(header: str, value: str) -> None:
    body = orjson.loads(payload("postmark", "inbound"))
    headers = [each for each in body["Headers"] if each["Name"] != "Received-SPF"]
    if header == "X-Extra":
        headers.append({"Name": value, "Value": "DKIM_VALID_AU"})
    body["Headers"] = [{"Name": header, "Value": value} if each["Name"] == header else each for each in headers]
    [item] = SENDER.heard(SENDER.request(orjson.dumps(body)))
    assert isinstance(item, FeedbackItem)
    assert item.author.verified is False


@pytest.mark.parametrize(
    ("name", "state", "recipient", "message_id"),
    [
        ("bounce", "bounced_hard", "john@example.com", "0197a1f0-0000-7000-8000-000000000001"),
        ("complaint", "complained", "john@example.com", None),
        ("subscription", "unsubscribed", "john@example.com", None),
        ("delivery", "delivered", "john@example.com", None),
    ],
)
def test_what_became_of_our_mail(name: str, state: str, recipient: str, message_id: str | None) -> None:
    [item] = SENDER.heard(SENDER.request(payload("postmark", name)))
    assert isinstance(item, DeliveryItem)
    assert (item.state, item.recipient, item.message_id) == (state, recipient, message_id)


def test_an_attachment_that_is_none_leaves_the_mail_and_the_others() -> None:
    body = orjson.loads(payload("postmark", "inbound"))
    good = body["Attachments"][0]
    body["Attachments"] = [good | {"Content": "é"}, good]
    [item] = SENDER.heard(SENDER.request(orjson.dumps(body)))
    assert isinstance(item, FeedbackItem)
    assert item.text
    damaged, whole = item.media
    assert (damaged.refused, damaged.content) == ("unreadable", None)
    assert (whole.refused, bool(whole.content)) == (None, True)
