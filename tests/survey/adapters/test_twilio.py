import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import urlencode

import pytest

from services.survey.adapters.base import Connection, Received, Rejected, Unreadable
from services.survey.adapters.opting import opting_of
from services.survey.adapters.twilio import Twilio
from services.survey.hearing.canonical import ConsentItem, DeliveryItem, FeedbackItem, Item
from tests.survey.adapters.broken import FAULTS, NOW, Sender, check, payload

FORM = "application/x-www-form-urlencoded; charset=utf-8"


def signature(secret: str, url: str, fields: Sequence[tuple[str, str]]) -> str:
    signed = url + "".join(name + value for name, value in sorted(set(fields)))
    return base64.b64encode(hmac.digest(secret.encode(), signed.encode(), "sha1")).decode()


class TwilioSender(Sender):
    """Its payloads are the fields of a form, kept as JSON."""

    adapter: ClassVar = Twilio()
    signed_by = ("x-twilio-signature",)
    exempt: ClassVar = dict.fromkeys(("stale", "future"), "the signature holds no time")

    def secrets(self, account: str) -> dict[str, Any]:
        return {"signing_secrets": [f"auth token of {account}"]}

    def request(self, body: bytes, connection: Connection | None = None, at: datetime = NOW) -> Received:
        connection = connection or self.connection()
        fields = form_fields(body)
        signed = signature(connection.secrets.signing_secrets[0], connection.url, fields)
        return Received(
            method="POST",
            url=connection.url,
            headers=(("content-type", FORM), ("x-twilio-signature", signed)),
            query=(),
            body=urlencode(fields).encode(),
            at=at,
        )


def form_fields(body: bytes) -> list[tuple[str, str]]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return []
    if not isinstance(content, dict):
        return []
    texts = {name: str(value).encode(errors="replace").decode() for name, value in content.items()}
    return list(texts.items())


SENDER = TwilioSender()


def heard(name: str, **changes: str) -> list[Item]:
    fields = json.loads(payload("twilio", name)) | changes
    return list(SENDER.heard(SENDER.request(json.dumps(fields).encode())))  # type: ignore[arg-type]


@pytest.mark.parametrize("fault", FAULTS)
def test_broken(fault: str) -> None:
    check(fault, SENDER, payload("twilio", "sms"))


@pytest.mark.parametrize(
    ("url", "is_twilios"),
    [
        (f"https://api.twilio.com/2010-04-01/Accounts/AC{'0' * 32}/Messages/MM1/Media/ME1", True),
        (f"https://api.dublin.ie1.twilio.com/2010-04-01/Accounts/AC{'0' * 32}/Messages/MM1/Media/ME1", True),
        (f"http://api.twilio.com/2010-04-01/Accounts/AC{'0' * 32}/Messages/MM1/Media/ME1", False),
        (f"https://api.twilio.com.example/2010-04-01/Accounts/AC{'0' * 32}/Messages/MM1/Media/ME1", False),
        (f"https://api.twilio.com@10.0.0.1/2010-04-01/Accounts/AC{'0' * 32}/Media/ME1", False),
        (f"https://api.twilio.com/2010-04-01/Accounts/AC{'1' * 32}/Messages/MM1/Media/ME1", False),
    ],
)
def test_only_twilio_itself_learns_the_token(url: str, *, is_twilios: bool) -> None:
    own = SENDER.connection()
    connection = replace(own, settings=own.settings.model_copy(update={"account_sid": f"AC{'0' * 32}"}))
    headers = SENDER.adapter.media_headers(url, connection)
    told = base64.b64encode(f"AC{'0' * 32}:auth token of ours".encode()).decode()
    assert headers == ({"Authorization": f"Basic {told}"} if is_twilios else None)


def asked(url: str, body: bytes, signed: str, content_type: str = FORM) -> Received:
    return Received("POST", url, (("content-type", content_type), ("x-twilio-signature", signed)), (), body, NOW)


def verify(request: Received, secret: str = "auth token of ours") -> None:
    connection = replace(SENDER.connection(), secrets=Twilio.secrets.model_construct(signing_secrets=[secret]))
    SENDER.adapter.verify(request, connection)


def test_the_signature_that_twilio_publishes() -> None:
    fields = {"CallSid": "CA1234567890ABCDE", "Caller": "+14158675309", "Digits": "1234", "From": "+14158675309"}
    body = urlencode(fields | {"To": "+18005551212"}).encode()
    verify(asked("https://mycompany.com/myapp.php?foo=1&bar=2", body, "RSOYDt4T1cUTdK1PDd93/VVr8B8="), "12345")


@pytest.mark.parametrize("url", ["https://heed.example/hooks/t?a=%20b", "https://heed.example:443/hooks/t?a=%20b"])
@pytest.mark.parametrize(
    "signed_url", ["https://heed.example/hooks/t?a=%20b", "https://heed.example:443/hooks/t?a=%20b"]
)
def test_the_port_may_be_signed_or_not(url: str, signed_url: str) -> None:
    verify(asked(url, b"MessageSid=SM1", signature("auth token of ours", signed_url, [("MessageSid", "SM1")])))


def test_another_port_or_address_is_another_receiver() -> None:
    signed = signature("auth token of ours", "https://heed.example:8443/hooks/t", [])
    verify(asked("https://heed.example:8443/hooks/t", b"", signed))
    for url in ("https://heed.example/hooks/t", "https://heed.example:8443/hooks/u"):
        with pytest.raises(Rejected, match="wrong_signature"):
            verify(asked(url, b"", signed))


def test_doubled_values_count_once_and_blanks_are_kept() -> None:
    url, body = "https://heed.example/hooks/t", b"B=2&A=+x+&B=1&B=2&C="
    text = f"{url}A x B1B2C"
    verify(asked(url, body, base64.b64encode(hmac.digest(b"auth token of ours", text.encode(), "sha1")).decode()))


def test_json_is_signed_by_its_hash_in_the_address() -> None:
    body = b'{"MessageSid": "SM1"}'
    url = f"https://heed.example/hooks/t?bodySHA256={hashlib.sha256(body).hexdigest()}"
    signed = signature("auth token of ours", url, [])
    verify(asked(url, body, signed, "application/json"))
    with pytest.raises(Rejected, match="wrong_signature"):
        verify(asked(url, body + b" ", signed, "application/json"))
    bare = "https://heed.example/hooks/t"
    with pytest.raises(Rejected, match="missing_signature"):
        verify(asked(bare, body, signature("auth token of ours", bare, []), "application/json"))


def test_a_text_message_is_heard_word_for_word() -> None:
    (message,) = heard("sms")

    assert isinstance(message, FeedbackItem)
    assert (message.text, message.channel) == ("The lamp is broken & nobody answers ", "sms")
    assert (message.author.phone, message.thread) == ("+4915112345678", "+4915112345678 +4915735980000")
    assert heard("sms", Body=" ") == []


def test_a_picture_by_whatsapp_is_a_message_too() -> None:
    (message,) = heard("whatsapp")

    assert isinstance(message, FeedbackItem)
    assert (message.channel, message.author.phone, message.author.name) == ("whatsapp", "+4915112345678", "Mia")
    assert (message.text, [each.media_type for each in message.media]) == (None, ["image/jpeg"])


def test_a_tapped_button_is_heard_with_what_it_stands_for() -> None:
    tap = {"Body": "Very good", "ButtonText": "Very good", "ButtonPayload": "5", "NumMedia": "0"}
    (message,) = heard("whatsapp", **tap)

    assert isinstance(message, FeedbackItem)
    assert (message.text, message.tapped) == ("Very good", "5")


@pytest.mark.parametrize(
    ("words", "becomes"),
    [
        *(
            (word, "stop")
            for word in ("STOP", " stop. ", "Stopp!", "ABMELDEN", "Arrêt", "désabonner", "Baja", "PARAR", "ferma")
        ),
        *((word, "stop") for word in ("Sair", "afmelden", "إلغاء", "توقف", "stop please", "Opt-Out", "END")),
        *((word, "start") for word in ("START", "unstop", "anmelden")),
        *((word, None) for word in ("yes", "10", "do not stop", "Stop making bad shoes", "the end", "", "??")),
    ],
)
def test_words_that_stop_and_start(words: str, becomes: str | None) -> None:
    assert opting_of(words) == becomes


def test_a_stop_is_a_withdrawal_and_no_feedback() -> None:
    (stop,), (start,) = heard("stop"), heard("stop", Body="Start")

    assert isinstance(stop, ConsentItem)
    assert isinstance(start, ConsentItem)
    assert (stop.granted, start.granted, stop.channel) == (False, True, "sms")
    assert (stop.author.phone, stop.proof) == ("+4915112345678", "sms SM77: Stopp!")
    (by_carrier,) = heard("sms", Body="Laat maar", OptOutType="STOP")
    assert isinstance(by_carrier, ConsentItem)
    assert heard("sms", Body="HELP", OptOutType="HELP") == []


@pytest.mark.parametrize(
    ("status", "code", "state"),
    [
        ("delivered", "", "delivered"),
        ("read", "", "delivered"),
        ("undelivered", "30005", "bounced_hard"),
        ("undelivered", "30003", "bounced_soft"),
        ("failed", "21610", "unsubscribed"),
        ("failed", "30007", "failed"),
        ("sent", "", None),
        ("queued", "", None),
    ],
)
def test_what_became_of_a_message(status: str, code: str, state: str | None) -> None:
    reports = heard("undelivered", MessageStatus=status, ErrorCode=code)
    assert [report.state for report in reports if isinstance(report, DeliveryItem)] == ([state] if state else [])
    connection = SENDER.connection()
    body = json.dumps({"MessageSid": "SM88", "MessageStatus": status}).encode()
    assert SENDER.adapter.verify(SENDER.request(body), connection).delivery_id == f"SM88 {status}"


def test_another_account_is_refused_and_a_call_is_unreadable() -> None:
    settings = Twilio.settings(account_sid="AC0123456789abcdef0123456789abcdef")
    connection = replace(SENDER.connection(), settings=settings)
    assert SENDER.heard(SENDER.request(payload("twilio", "sms")), connection)
    other = payload("twilio", "sms").replace(b"AC0123", b"AC9999")
    with pytest.raises(Rejected, match="wrong_audience"):
        SENDER.heard(SENDER.request(other), connection)
    with pytest.raises(Unreadable, match="MessageSid"):
        SENDER.heard(SENDER.request(b'{"CallSid": "CA1"}'))


def test_the_answer_sends_nothing_back_to_the_customer() -> None:
    assert SENDER.adapter.accepted.media_type == "text/xml"
    assert SENDER.adapter.accepted.body.endswith("<Response/>")
