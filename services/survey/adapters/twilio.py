"""Twilio: text messages and WhatsApp, and what became of those that were sent (twilio.com/docs/usage/webhooks/
webhooks-security, messaging/twiml, error codes).

`STOP` in the words of each language is a withdrawal, whether or not Twilio blocks the number too.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Final, Literal
from urllib.parse import parse_qs, urlsplit

from pydantic import Field

from services.survey.adapters.base import (
    Capabilities,
    Connection,
    Handshake,
    KeepsMedia,
    LiveSecrets,
    PushComplete,
    Received,
    Rejected,
    Unreadable,
    Verified,
)
from services.survey.adapters.opting import opting_of
from services.survey.adapters.reading import Id, Maybe, Sent, form_of, json_of, shaped, shortened
from services.survey.adapters.signatures import check_digest, decoded, digests
from services.survey.hearing.canonical import Author, ConsentItem, DeliveryItem, FeedbackItem, Item, Media
from shared.http.schemas import NUL, Model

Channel = Literal["sms", "whatsapp"]
State = Literal["delivered", "bounced_hard", "bounced_soft", "unsubscribed", "failed"]
_FORM: Final = "application/x-www-form-urlencoded"
_WHATSAPP: Final = "whatsapp:"
_MOST_MEDIA: Final = 10
_MEDIA: Final = re.compile(r"https://api(?:\.[a-z0-9-]+){0,2}\.twilio\.com/2010-04-01/Accounts/(AC[0-9a-f]{32})/")
# https://www.twilio.com/docs/api/errors: no such number or a landline; not reachable now; opted out.
_HARD: Final = {"21211", "21214", "21614", "30005", "30006", "63003", "63024"}
_SOFT: Final = {"30001", "30002", "30003", "30008", "30017", "63018"}
_OPTED_OUT: Final = {"21610", "30004", "63033"}


class WhatsAppTemplate(Model):
    """An approved content template that asks for a score: {{1}} is who asks, {{2}} the question, {{3}} the link. Each
    of its buttons has a score as its id. Without `locale` it is for all languages that have none of their own."""

    lowest: int = Field(ge=0, le=10)
    highest: int = Field(ge=1, le=10)
    locale: str | None = Field(None, pattern="^[a-z]{2}$")
    content_sid: str = Field(pattern="^HX[0-9a-f]{32}$")


class TwilioSettings(Model):
    account_sid: str | None = Field(
        None,
        pattern="^AC[0-9a-f]{32}$",
        description="`Account SID` on the first page of the console; messages of other accounts are refused.",
    )
    whatsapp_templates: list[WhatsAppTemplate] = Field(
        default_factory=list,
        max_length=100,
        description="What surveys are asked with by WhatsApp, by scale and language: `content_sid` is what Twilio's "
        "Content Template Builder calls it.",
    )


class TwilioSecrets(Model):
    signing_secrets: LiveSecrets = Field(
        description="`Auth Token` on the first page of the console. It must be the primary one; a secondary token "
        "signs nothing until it is promoted."
    )


class _Message(Sent):
    sid: Id = Field(alias="MessageSid")
    account: Maybe = Field(None, alias="AccountSid")
    sender: Id = Field(alias="From")
    receiver: Maybe = Field(None, alias="To")
    body: Maybe = Field(None, alias="Body")
    profile_name: Maybe = Field(None, alias="ProfileName")
    opt_out_type: Maybe = Field(None, alias="OptOutType")
    media_count: int = Field(0, alias="NumMedia", ge=0)
    replied_to: Maybe = Field(None, alias="OriginalRepliedMessageSid")
    button: Maybe = Field(None, alias="ButtonText")
    payload: Maybe = Field(None, alias="ButtonPayload")


class _Status(Sent):
    sid: Id = Field(alias="MessageSid")
    account: Maybe = Field(None, alias="AccountSid")
    status: str = Field(alias="MessageStatus")
    receiver: Maybe = Field(None, alias="To")
    error: Maybe = Field(None, alias="ErrorCode")


class Twilio(PushComplete, KeepsMedia):
    name: ClassVar = "twilio"
    title: ClassVar = "Twilio SMS and WhatsApp"
    capabilities: ClassVar = Capabilities(edits=False)
    setup: ClassVar = (
        "In the Twilio console open the number (or the WhatsApp sender, or the Messaging Service).",
        'For "A message comes in" enter {url}, method POST; as the status callback enter the same address.',
        "Copy the primary auth token into `signing_secrets`.",
    )
    settings: ClassVar = TwilioSettings
    secrets: ClassVar = TwilioSecrets
    # Plain text would be sent to the customer as an answer, and JSON is an error in the sender's log.
    accepted: ClassVar = Handshake('<?xml version="1.0" encoding="UTF-8"?><Response/>', "text/xml")

    def verify(self, received: Received, connection: Connection) -> Verified:
        """The address and what a form says, or the address with the hash of any other body.

        Twilio signs the address with its port or without, and not always the same way; both are tried.
        """
        secrets: TwilioSecrets = connection.secrets
        given = decoded(received.header("x-twilio-signature"), "base64")
        if not received.body or _is_form(received):
            fields = _signed_fields(received.body)
        else:
            fields = ""
            _check_body(received)
        signed = [(url + fields).encode() for url in _spellings(received.url)]
        check_digest(given, [each for one in signed for each in digests(one, secrets.signing_secrets, "sha1")])
        content = _content(received)
        settings: TwilioSettings = connection.settings
        if settings.account_sid is not None and content.get("AccountSid") != settings.account_sid:
            raise Rejected("wrong_audience")
        return Verified(scheme="hmac-sha1", delivery_id=_delivery_id(content))

    def parse(self, received: Received, connection: Connection) -> Sequence[Item]:
        content = _content(received)
        # An incoming message has the status `received`; the other ones are reports.
        if content.get("MessageStatus") not in {None, "", "received", "receiving"}:
            return _reported(shaped(_Status, content), received)
        if "MessageSid" not in content:
            raise Unreadable("MessageSid is missing: neither a message nor a report of one. Calls are not read here.")
        return _written(shaped(_Message, content), content, received)

    def media_headers(self, url: str, connection: Connection) -> Mapping[str, str] | None:
        """Pictures of messages (MMS, WhatsApp) are given out for the account's id and its token (HTTP Basic)."""
        match = _MEDIA.match(url)
        own: str | None = connection.settings.account_sid
        if match is None or own not in {None, match[1]}:
            return None
        credentials = f"{match[1]}:{connection.secrets.signing_secrets[0]}"
        return {"Authorization": f"Basic {base64.b64encode(credentials.encode()).decode()}"}


def _written(message: _Message, content: Mapping[str, str], received: Received) -> list[Item]:
    channel, phone = _address(message.sender)
    author = Author(phone=phone, name=shortened(message.profile_name, 200), handle=message.sender)
    text = message.body or message.button
    opting = opting_of(text, message.opt_out_type)
    if opting == "help":
        return []
    if opting is not None:
        return [
            ConsentItem(
                external_id=message.sid,
                occurred_at=received.at,
                author=author,
                channel=channel,
                granted=opting == "start",
                proof=f"{channel} {message.sid}: {shortened(text or message.opt_out_type, 200)}",
            )
        ]
    media = tuple(_media(content, message.media_count))
    if text is None and not media:
        return []
    return [
        FeedbackItem(
            external_id=message.sid,
            occurred_at=received.at,
            author=author,
            kind="message",
            channel=channel,
            text=text,
            tapped=message.payload,
            media=media,
            # A number that writes to a number is one conversation, as on the phone itself.
            thread=f"{message.sender} {message.receiver}",
            in_reply_to=message.replied_to,
        )
    ]


def _reported(status: _Status, received: Received) -> list[Item]:
    """Of the states on the way (queued, sent, read) none is the last word."""
    state = _state_of(status)
    if state is None:
        return []
    channel, phone = _address(status.receiver or "")
    return [
        DeliveryItem(
            external_id=status.sid,
            external_version=state,
            occurred_at=received.at,
            channel=channel,
            message_id=status.sid,
            recipient=phone,
            state=state,
            reason=f"Twilio error {shortened(status.error, 20)}" if status.error else None,
        )
    ]


def _state_of(status: _Status) -> State | None:
    if status.status in {"delivered", "read"}:
        return "delivered"
    if status.status not in {"undelivered", "failed"}:
        return None
    if status.error in _OPTED_OUT:
        return "unsubscribed"
    return "bounced_hard" if status.error in _HARD else "bounced_soft" if status.error in _SOFT else "failed"


def _address(address: str) -> tuple[Channel, str]:
    if address.startswith(_WHATSAPP):
        return "whatsapp", address.removeprefix(_WHATSAPP)
    return "sms", address


def _media(content: Mapping[str, str], count: int) -> Iterator[Media]:
    for number in range(min(count, _MOST_MEDIA)):
        if url := content.get(f"MediaUrl{number}"):
            yield Media(url=url, media_type=content.get(f"MediaContentType{number}"))


def _signed_fields(body: bytes) -> str:
    """Names and values one after the other, sorted by name; a value that a name has twice counts once."""
    try:
        fields = form_of(body)
    except Unreadable:
        raise Rejected("malformed_signature") from None
    return "".join(name + value for name, value in sorted(set(fields)))


def _is_form(received: Received) -> bool:
    return received.content_type.partition(";")[0].strip().lower() == _FORM


def _check_body(received: Received) -> None:
    hashes = parse_qs(urlsplit(received.url).query).get("bodySHA256", [])
    if len(hashes) != 1:
        raise Rejected("missing_signature")
    given = decoded(hashes[0], "hex")
    if not hmac.compare_digest(given, hashlib.sha256(received.body).digest()):
        raise Rejected("wrong_signature")


def _spellings(url: str) -> tuple[str, str]:
    """Without a port, and with the one that it has or that its scheme means."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    name = f"[{host}]" if ":" in host else parts.netloc.rpartition("@")[2].partition(":")[0]
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return parts._replace(netloc=name).geturl(), parts._replace(netloc=f"{name}:{port}").geturl()


def _content(received: Received) -> Mapping[str, str]:
    """The fields of a form, the first of a name, or those of a JSON object that are text. Empty for anything else."""
    try:
        if _is_form(received):
            fields = [(name, value.replace(NUL, "")) for name, value in form_of(received.body)]
            return dict(reversed(fields))
        content = json_of(received.body)
    except Unreadable:
        return {}
    return (
        {name: value for name, value in content.items() if isinstance(value, str)} if isinstance(content, dict) else {}
    )


def _delivery_id(content: Mapping[str, str]) -> str | None:
    """Each state of a message is a delivery of its own."""
    sid, status = content.get("MessageSid"), content.get("MessageStatus")
    return f"{sid} {status or 'received'}"[:200] if sid else None
