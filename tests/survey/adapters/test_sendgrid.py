import base64
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any, ClassVar

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import ValidationError

from services.survey.adapters.base import Connection, Received, Rejected
from services.survey.adapters.sendgrid import SendGrid, SendGridSettings
from services.survey.hearing.canonical import DeliveryItem, FeedbackItem
from tests.survey.adapters.broken import FAULTS, NOW, Sender, check, payload, payloads

SIGNATURE = "x-twilio-email-event-webhook-signature"
TIMESTAMP = "x-twilio-email-event-webhook-timestamp"


@cache
def key_of(account: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def public(key: ec.EllipticCurvePrivateKey) -> str:
    return base64.b64encode(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


class SendGridSender(Sender):
    adapter: ClassVar = SendGrid()
    signed_by = (SIGNATURE, TIMESTAMP)

    def settings(self) -> dict[str, Any]:
        return {"addresses": ["support@shop.example"]}

    def connection(self, account: str = "ours") -> Connection:
        made = super().connection(account)
        settings = SendGridSettings(addresses=["support@shop.example"], event_keys=[public(key_of(account))])
        return replace(made, settings=settings)

    def headers(self, body: bytes, connection: Connection, at: datetime) -> Sequence[tuple[str, str]]:
        account = connection.url.rpartition("/")[2]
        stamp = str(int(at.timestamp()))
        signature = key_of(account).sign(stamp.encode() + body, ec.ECDSA(SHA256()))
        return [(SIGNATURE, base64.b64encode(signature).decode()), (TIMESTAMP, stamp)]


SENDER = SendGridSender()


@pytest.mark.parametrize("fault", FAULTS)
def test_broken(fault: str) -> None:
    check(fault, SENDER, payload("sendgrid", "bounce"))


@pytest.mark.parametrize(
    ("name", "states"),
    [
        ("bounce", ["bounced_hard", "bounced_soft", "bounced_soft", "bounced_hard"]),
        ("delivered", ["delivered"]),
        ("unwanted", ["complained", "unsubscribed"]),
    ],
)
def test_what_became_of_our_mails(name: str, states: list[str]) -> None:
    assert name in payloads("sendgrid")
    heard = SENDER.heard(SENDER.request(payload("sendgrid", name)))
    assert [item.state for item in heard if isinstance(item, DeliveryItem)] == states
    first = heard[0]
    assert isinstance(first, DeliveryItem)
    if name == "bounce":
        assert (first.recipient, first.message_id) == (
            "gone@test.com",
            "0197a1f0-0000-7000-8000-000000000001@shop.example",
        )


def inbound(**changes: bytes) -> Received:
    """As Inbound Parse posts it: each field in the charset that `charsets` names."""
    fields = {
        "headers": "From: Günther <g@example.com>\nTo: support@shop.example\nSubject: =?utf-8?q?Gr=C3=B6=C3=9Fe?=\n"
        "Message-ID: <1@example.com>\nDate: Sun, 29 Nov 2026 11:00:00 +0000\n",
        "to": "support@shop.example",
        "from": "Günther <g@example.com>",
        "subject": "Größe",
        "dkim": "{@example.com : pass}",
        "SPF": "pass",
        "envelope": json.dumps({"to": ["support@shop.example"], "from": "g@example.com"}),
        "charsets": json.dumps({"to": "UTF-8", "text": "iso-8859-1", "subject": "UTF-8", "from": "UTF-8"}),
        "attachments": "1",
        "attachment-info": json.dumps({"attachment1": {"filename": "a.pdf", "type": "application/pdf"}}),
    }
    parts: dict[str, Any] = {name: (None, value.encode()) for name, value in fields.items()}
    parts["text"] = (None, "Zu groß für mich.".encode("iso-8859-1"))
    parts["attachment1"] = ("a.pdf", b"%PDF-1.7", "application/pdf")
    parts |= {name: (None, value) for name, value in changes.items()}
    request = httpx.Request("POST", "https://heed.example", files=parts)
    content_type = ("content-type", request.headers["content-type"])
    return Received("POST", "https://heed.example/hooks/ours", (content_type,), (), request.read(), NOW)


def test_inbound_mail_by_fields_in_their_charsets() -> None:
    [item] = SENDER.heard(inbound())

    assert isinstance(item, FeedbackItem)
    assert (item.title, item.text) == ("Größe", "Zu groß für mich.")
    assert (item.author.name, item.author.email, item.author.verified) == ("Günther", "g@example.com", True)
    assert [(media.name, media.media_type, media.content) for media in item.media] == [
        ("a.pdf", "application/pdf", b"%PDF-1.7")
    ]
    assert item.occurred_at == datetime.fromisoformat("2026-11-29T11:00:00+00:00")


@pytest.mark.parametrize(
    ("dkim", "spf"), [(b"{@example.com : fail}", b"softfail"), (b"{@evil.example : pass}", b"none"), (b"none", b"")]
)
def test_whoever_is_not_vouched_for_is_not_verified(dkim: bytes, spf: bytes) -> None:
    [item] = SENDER.heard(inbound(dkim=dkim, SPF=spf))
    assert isinstance(item, FeedbackItem)
    assert item.author.verified is False


def test_inbound_mail_whole() -> None:
    mime = b"From: ana@example.com\r\nTo: support@shop.example\r\nSubject: Hi\r\nMessage-ID: <2@x>\r\n\r\nHello\r\n"
    [item] = SENDER.heard(inbound(email=mime))
    assert isinstance(item, FeedbackItem)
    assert (item.title, item.text, item.author.email) == ("Hi", "Hello", "ana@example.com")


def test_inbound_mail_must_be_signed_where_that_is_set_up() -> None:
    key = key_of("inbound")
    connection = replace(
        SENDER.connection(), settings=SendGridSettings(addresses=["support@shop.example"], inbound_keys=[public(key)])
    )
    request = inbound()
    with pytest.raises(Rejected):
        SENDER.heard(request, connection)
    stamp = str(int(NOW.timestamp()))
    signature = base64.b64encode(key.sign(stamp.encode() + request.body, ec.ECDSA(SHA256()))).decode()
    signed = replace(request, headers=(*request.headers, (SIGNATURE, signature), (TIMESTAMP, stamp)))
    assert SENDER.heard(signed, connection)


@pytest.mark.parametrize("key", ["", "abc", base64.b64encode(b"no key").decode()])
def test_a_key_that_is_none_is_refused_when_it_is_entered(key: str) -> None:
    with pytest.raises(ValidationError, match="key"):
        SendGridSettings(addresses=["support@shop.example"], event_keys=[key])
