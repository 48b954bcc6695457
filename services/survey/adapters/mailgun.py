"""Mailgun: inbound mail by routes, and what became of mails, pushed complete.

The signature stands in the body and covers only a time and a token, not what they came with: whoever sees one could
send it along with another content. So each token is good once. https://documentation.mailgun.com (receiving, webhooks).
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final

from pydantic import Field, JsonValue

from services.survey.adapters.base import (
    Capabilities,
    Connection,
    LiveSecrets,
    PushComplete,
    Received,
    Rejected,
    Unreadable,
    Verified,
)
from services.survey.adapters.reading import Maybe, Sent, read
from services.survey.adapters.signatures import check_hmac, check_time
from services.survey.hearing.canonical import DeliveryItem, Item
from services.survey.mail.authentication import is_authentic
from services.survey.mail.forms import Form, form_of
from services.survey.mail.items import State
from services.survey.mail.letter import Attachment, Letter, domain_of, headers_of
from services.survey.mail.parsing import LARGEST, parse_mail
from services.survey.mail.source import MailSettings, delivery, heard
from shared.http.schemas import Model

_WINDOW: Final = timedelta(minutes=15)
_LONGEST_TOKEN: Final = 100
# Reasons of permanent failures that say nothing about the address.
_NOT_THE_ADDRESS: Final = frozenset({"old", "espblock", "greylisted", "generic"})


class MailgunSecrets(Model):
    signing_keys: LiveSecrets = Field(
        description="The HTTP webhook signing key (Mailgun: Settings, Security & users, API security)."
    )


class _Signature(Sent):
    timestamp: str
    token: str = Field(max_length=_LONGEST_TOKEN)
    signature: str


class _Status(Sent):
    message: Maybe = None
    description: Maybe = None


class _Message(Sent):
    headers: dict[str, JsonValue] = Field(default_factory=dict)


class _EventData(Sent):
    id: str
    event: str
    timestamp: float
    recipient: Maybe = None
    severity: Maybe = None
    reason: Maybe = None
    delivery_status: _Status = Field(_Status(), alias="delivery-status")
    message: _Message = _Message()


class _Signed(Sent):
    signature: _Signature


class _Event(Sent):
    event_data: _EventData = Field(alias="event-data")


class Mailgun(PushComplete):
    name: ClassVar = "mailgun"
    title: ClassVar = "Mailgun"
    capabilities: ClassVar = Capabilities(edits=False)
    settings: ClassVar[type[Model]] = MailSettings
    secrets: ClassVar[type[Model]] = MailgunSecrets
    setup: ClassVar = (
        "Point the MX records of the domain that receives to Mailgun.",
        'In Mailgun, under Receiving, create a route: `match_recipient("support@example.com")` with your address, and '
        'the action `forward("{url}")`.',
        "Under Sending, Webhooks, add {url} for delivered messages, permanent and temporary failures, spam complaints "
        "and unsubscribes.",
        "Copy the HTTP webhook signing key into `signing_keys`.",
    )
    largest: ClassVar = LARGEST

    def verify(self, received: Received, connection: Connection) -> Verified:
        timestamp, token, signature = _signed_with(received)
        check_hmac(
            signature,
            f"{timestamp}{token}".encode(),
            connection.secrets.signing_keys,
            algorithm="sha256",
            encoding="hex",
        )
        sent_at = check_time(timestamp, received.at, _WINDOW)
        return Verified(scheme="token", once=token, sent_at=sent_at)

    def parse(self, received: Received, connection: Connection) -> Sequence[Item]:
        if not _is_json(received):
            return heard(_letter(form_of(received)), received, connection)
        item = _reported(read(_Event, received.body).event_data)
        return [] if item is None else [item]


def _is_json(received: Received) -> bool:
    return received.content_type.partition(";")[0].strip().lower() == "application/json"


def _signed_with(received: Received) -> tuple[str, str, str]:
    """Raises `Rejected`: what cannot be read is not signed."""
    try:
        if _is_json(received):
            given = read(_Signed, received.body).signature
            return given.timestamp, given.token, given.signature
        form = form_of(received)
    except Unreadable:
        raise Rejected("missing_signature") from None
    timestamp, token, signature = (form.text_of(name) for name in ("timestamp", "token", "signature"))
    if not timestamp or not token or not signature:
        raise Rejected("missing_signature")
    if len(token) > _LONGEST_TOKEN:
        raise Rejected("malformed_signature")
    return timestamp, token, signature


def _letter(form: Form) -> Letter:
    recipients = tuple(part.strip() for part in (form.text_of("recipient") or "").split(",") if part.strip())
    sender = form.text_of("sender")
    if (raw := form.bytes_of("body-mime")) is not None:
        letter = parse_mail(raw, envelope_to=recipients, envelope_from=sender)
    else:
        letter = Letter(
            headers=headers_of(_pairs(form.text_of("message-headers"))),
            text=form.text_of("body-plain"),
            html=form.text_of("body-html"),
            attachments=[Attachment(each.file_name or "", each.media_type, bytes(each.content)) for each in form.files],
            envelope_to=recipients,
            envelope_from=sender,
        )
    if letter.sender is None:
        return letter
    # Mailgun adds its verdicts in front of what came; a field of the same name may be the sender's own.
    passed = (letter.only("x-mailgun-dkim-check-result") or "").lower() == "pass"
    authentic = is_authentic(
        letter.sender.email,
        spf=letter.only("x-mailgun-spf"),
        envelope_from=sender,
        dkim=_signers(letter) if passed else [],
    )
    return replace(letter, authentic=authentic)


def _signers(letter: Letter) -> list[str]:
    """Which of several signatures was good is not said: then none counts."""
    signatures = letter.all("dkim-signature")
    tags = [part.strip() for part in signatures[0].split(";")] if len(signatures) == 1 else []
    return [domain_of(f"@{tag[2:].strip()}") for tag in tags if tag.startswith("d=")]


def _pairs(written: str | None) -> list[tuple[str, str]]:
    """`[["Subject", "…"], …]`. Raises `Unreadable`."""
    try:
        pairs: Any = json.loads(written or "[]")
        return [(str(name), str(value)) for name, value in pairs]
    except (ValueError, TypeError, RecursionError):
        raise Unreadable("message-headers: is not a list of names and values.") from None


def _reported(event: _EventData) -> DeliveryItem | None:
    state = _became(event)
    if state is None or event.recipient is None:
        return None
    message_id = event.message.headers.get("message-id")
    try:
        occurred_at = datetime.fromtimestamp(event.timestamp, UTC)
    except (ValueError, OverflowError, OSError):
        raise Unreadable("event-data.timestamp: is no time.") from None
    return delivery(
        external_id=event.id,
        occurred_at=occurred_at,
        channel="email",
        message_id=message_id if isinstance(message_id, str) else None,
        recipient=event.recipient.lower(),
        state=state,
        reason=event.delivery_status.description or event.delivery_status.message or event.reason,
    )


def _became(event: _EventData) -> State | None:
    match event.event:
        case "delivered" | "complained" | "unsubscribed":
            return event.event
        case "failed" if event.severity == "permanent":
            if event.reason == "suppress-complaint":
                return "complained"
            if event.reason == "suppress-unsubscribe":
                return "unsubscribed"
            return "bounced_soft" if event.reason in _NOT_THE_ADDRESS else "bounced_hard"
        case "failed":
            return "bounced_soft"
    return None
