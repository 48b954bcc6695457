import hmac
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

import httpx
import orjson
import pytest

from services.survey.adapters.base import Connection, Received, Rejected
from services.survey.adapters.mailgun import Mailgun
from services.survey.hearing.canonical import DeliveryItem, FeedbackItem
from tests.survey.adapters.broken import FAULTS, NOW, Sender, check, payload, payloads

TOKEN = "3f2f3f5e21f25d3a1c4f4a1c3f6f4a6b1c6b0d6f4b5e3a1c2f"
UNCOVERED = "the signature covers a time and a token, not the rest of the body; the token is good once"


class MailgunSender(Sender):
    """The signature stands in the body, which is made anew for each request."""

    adapter: ClassVar = Mailgun()
    exempt: ClassVar = {
        **dict.fromkeys(("flipped_byte", "reserialised", "oversize"), UNCOVERED),
        "duplicate_header": "no header is signed with",
    }

    def settings(self) -> dict[str, Any]:
        return {"addresses": ["support@shop.example"]}

    def secrets(self, account: str) -> dict[str, Any]:
        return {"signing_keys": [f"key of {account}"]}

    def signature(self, connection: Connection, at: datetime) -> dict[str, str]:
        stamp = str(int(at.timestamp()))
        key = connection.secrets.signing_keys[0].encode()
        return {
            "timestamp": stamp,
            "token": TOKEN,
            "signature": hmac.digest(key, f"{stamp}{TOKEN}".encode(), "sha256").hex(),
        }

    def request(self, body: bytes, connection: Connection | None = None, at: datetime = NOW) -> Received:
        connection = connection or self.connection()
        return super().request(self.changed(body, self.signature(connection, at)), connection, at)

    def changed(self, body: bytes, signature: dict[str, str] | None) -> bytes:
        try:
            content = orjson.loads(body)
        except orjson.JSONDecodeError:
            return body
        if not isinstance(content, dict) or "signature" not in content:
            return body
        return orjson.dumps({**content, "signature": signature} if signature else {**content, "signature": {}})

    def unsigned(self, request: Received) -> Received:
        return replace(request, body=self.changed(request.body, None))

    def miscoded(self, request: Received) -> Received:
        signature = orjson.loads(request.body)["signature"]
        return replace(
            request, body=self.changed(request.body, {**signature, "signature": signature["signature"] + "=="})
        )


SENDER = MailgunSender()


@pytest.mark.parametrize("fault", FAULTS)
def test_broken(fault: str) -> None:
    # Signed already, for the faults that change the body of a valid one.
    check(fault, SENDER, SENDER.request(payload("mailgun", "failed")).body)


def test_a_token_is_named_so_that_it_is_good_once() -> None:
    request = SENDER.request(payload("mailgun", "failed"))
    assert SENDER.adapter.verify(request, SENDER.connection()).once == TOKEN


@pytest.mark.parametrize(
    ("name", "states"),
    [
        ("failed", ["bounced_hard"]),
        ("temporary", ["bounced_soft"]),
        ("complained", ["complained"]),
        ("delivered", ["delivered"]),
        ("opened", []),
    ],
)
def test_what_became_of_our_mail(name: str, states: list[str]) -> None:
    assert name in payloads("mailgun")
    heard = SENDER.heard(SENDER.request(payload("mailgun", name)))
    assert [item.state for item in heard if isinstance(item, DeliveryItem)] == states
    for item in heard:
        assert isinstance(item, DeliveryItem)
        assert (item.message_id, item.recipient) == (
            "0197a1f0-0000-7000-8000-000000000001@shop.example",
            "alice@example.com",
        )


def routed(changes: Mapping[str, str], *, as_mime: bool = False) -> Received:
    """A mail that a route passed on, as Mailgun posts it: a form with files."""
    headers = [
        ["X-Mailgun-Spf", "Pass"],
        ["X-Mailgun-Dkim-Check-Result", "Pass"],
        ["Dkim-Signature", "v=1; a=rsa-sha256; d=example.com; s=mail; bh=…"],
        ["From", "=?utf-8?q?Ana_S=C3=ADlva?= <ana@example.com>"],
        ["To", "support+t.abc@shop.example"],
        ["Subject", "Re: Your order [#12]"],
        ["Message-Id", "<2@mail.example.com>"],
        ["References", "<1@mail.example.com> <ticket@shop.example>"],
    ]
    fields = SENDER.signature(SENDER.connection(), NOW) | {
        "recipient": "support+t.abc@shop.example",
        "sender": "ana@example.com",
        "body-plain": "Still waiting.\r\n\r\n> We are on it.",
        "stripped-text": "Still waiting.",
        "message-headers": json.dumps(headers),
    }
    if as_mime:
        mime = "".join(f"{name}: {value}\r\n" for name, value in headers) + "\r\nStill waiting.\r\n"
        fields |= {"body-mime": mime}
    request = httpx.Request(
        "POST",
        "https://heed.example",
        data={**fields, **changes},
        files={"attachment-1": ("ä.txt", b"hello", "text/plain")},
    )
    content_type = ("content-type", request.headers["content-type"])
    return replace(SENDER.request(b""), headers=(content_type,), body=request.read())


@pytest.mark.parametrize("as_mime", [False, True])
def test_a_routed_mail(as_mime: bool) -> None:
    [item] = SENDER.heard(routed({}, as_mime=as_mime))

    assert isinstance(item, FeedbackItem)
    assert (item.author.name, item.author.email, item.author.verified) == ("Ana Sílva", "ana@example.com", True)
    assert (item.title, item.text) == ("Re: Your order [#12]", "Still waiting.")
    assert item.mail is not None
    assert item.mail.references == ("1@mail.example.com", "ticket@shop.example")
    assert item.mail.mailbox == "support@shop.example"
    assert "support+t.abc@shop.example" in item.mail.recipients
    if not as_mime:
        assert [(media.name, media.content) for media in item.media] == [("ä.txt", b"hello")]


@pytest.mark.parametrize(
    ("field", "value"), [("signature", "00"), ("timestamp", "1"), ("token", "x" * 101), ("token", "other")]
)
def test_a_routed_mail_with_another_signature(field: str, value: str) -> None:
    with pytest.raises(Rejected):
        SENDER.heard(routed({field: value}))
