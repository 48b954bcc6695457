"""SendGrid: inbound mail (Inbound Parse), and what became of mails (Event Webhook), pushed complete.

Events are signed: ECDSA over a time and the raw body. Inbound mail is only if that is switched on; without, whoever
knows the unguessable address is taken for SendGrid. https://www.twilio.com/docs/sendgrid/for-developers.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, ClassVar, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pydantic import AfterValidator, Field, RootModel

from services.survey.adapters.base import (
    Capabilities,
    Connection,
    PushComplete,
    Received,
    Rejected,
    Unreadable,
    Verified,
)
from services.survey.adapters.reading import Maybe, Sent, json_of, shaped
from services.survey.adapters.signatures import check_time, decoded
from services.survey.hearing.canonical import DeliveryItem, Item
from services.survey.mail.authentication import is_authentic
from services.survey.mail.forms import Form, form_of
from services.survey.mail.items import State, bounce_by_status
from services.survey.mail.letter import Attachment, Letter
from services.survey.mail.parsing import LARGEST, headers_in, parse_mail, text_of
from services.survey.mail.source import MailSettings, delivery, heard
from shared.http.schemas import Model

# Batches that are sent again keep their first time; SendGrid tries for a day.
_WINDOW: Final = timedelta(hours=24)
_SIGNATURE: Final = "x-twilio-email-event-webhook-signature"
_TIMESTAMP: Final = "x-twilio-email-event-webhook-timestamp"


def _key_of(encoded: str) -> EllipticCurvePublicKey:
    """Raises `ValueError`."""
    try:
        key = load_der_public_key(decoded(encoded.strip(), "base64"))
    except (Rejected, UnsupportedAlgorithm):
        raise ValueError("is not a public key as SendGrid shows it") from None
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise ValueError("is not an ECDSA key on the curve P-256")
    return key


def _checked(encoded: str) -> str:
    _key_of(encoded)
    return encoded.strip()


PublicKey = Annotated[str, Field(max_length=500), AfterValidator(_checked)]


class SendGridSettings(MailSettings):
    event_keys: list[PublicKey] = Field(
        [],
        max_length=2,
        description="The verification key of the event webhook (SendGrid: Settings, Mail Settings, Event Webhooks, "
        "Signature Verification). Without one no events are taken.",
    )
    inbound_keys: list[PublicKey] = Field(
        [],
        max_length=2,
        description="The public key of the security policy of Inbound Parse, if you have set one up. Then mail without "
        "its signature is refused.",
    )


class _Envelope(Sent):
    to: list[str] = Field(default_factory=list)
    sender: str | None = Field(None, alias="from")


class _Event(Sent):
    event: str
    email: Maybe = None
    timestamp: float
    sg_event_id: str
    smtp_id: Maybe = Field(None, alias="smtp-id")
    reason: Maybe = None
    status: Maybe = None
    type: Maybe = None


class _Events(RootModel[list[_Event]]):
    """A batch."""


class _Charsets(RootModel[dict[str, str]]):
    """By the names of the form's fields."""


_DROPPED: Final[dict[str, State]] = {
    "Bounced Address": "bounced_hard",
    "Spam Reporting Address": "complained",
    "Unsubscribed Address": "unsubscribed",
}


class SendGrid(PushComplete):
    name: ClassVar = "sendgrid"
    title: ClassVar = "SendGrid"
    capabilities: ClassVar = Capabilities(edits=False)
    settings: ClassVar[type[Model]] = SendGridSettings
    setup: ClassVar = (
        "Point the MX record of the host that receives, such as reply.example.com, to mx.sendgrid.net.",
        "In SendGrid, under Settings, Inbound Parse, add this host with {url}. Switch `POST the raw, full MIME "
        "message` on, and give it a security policy with a signature if you can.",
        "Under Settings, Mail Settings, Event Webhooks, enter {url} too, for delivered, bounced, dropped, spam reports "
        "and unsubscribes, and switch the signature on.",
        "Copy the event webhook's verification key into `event_keys`, and the policy's public key into `inbound_keys`.",
    )
    largest: ClassVar = LARGEST

    def verify(self, received: Received, connection: Connection) -> Verified:
        settings: SendGridSettings = connection.settings
        is_mail = received.content_type.startswith("multipart/form-data")
        keys = settings.inbound_keys if is_mail else settings.event_keys
        if is_mail and not keys:
            return Verified(scheme="address")
        return _check_signature(received, keys)

    def parse(self, received: Received, connection: Connection) -> Sequence[Item]:
        if received.content_type.startswith("multipart/form-data"):
            return heard(_letter(form_of(received)), received, connection)
        found = [_reported(event) for event in shaped(_Events, json_of(received.body)).root]
        return [item for item in found if item is not None]


def _check_signature(received: Received, keys: Sequence[str]) -> Verified:
    """Raises `Rejected`."""
    signature, stamp = decoded(received.header(_SIGNATURE), "base64"), received.header(_TIMESTAMP)
    sent_at = check_time(stamp, received.at, _WINDOW)
    signed = (stamp or "").encode() + received.body
    for key in keys:
        try:
            _key_of(key).verify(signature, signed, ECDSA(SHA256()))
        except InvalidSignature:
            continue
        return Verified(scheme="ecdsa", sent_at=sent_at)
    raise Rejected("wrong_signature")


def _letter(form: Form) -> Letter:
    envelope = shaped(_Envelope, json_of(form.bytes_of("envelope") or b"{}"))
    if (raw := form.bytes_of("email")) is not None:
        letter = parse_mail(raw, envelope_to=tuple(envelope.to), envelope_from=envelope.sender)
    else:
        charsets = shaped(_Charsets, json_of(form.bytes_of("charsets") or b"{}")).root
        fields = {
            name: text_of(content, charsets.get(name))
            for name in ("headers", "text", "html")
            if (content := form.bytes_of(name)) is not None
        }
        letter = Letter(
            headers=headers_in(fields.get("headers", "")),
            text=fields.get("text"),
            html=fields.get("html"),
            attachments=[Attachment(each.file_name or "", each.media_type, bytes(each.content)) for each in form.files],
            envelope_to=envelope.to,
            envelope_from=envelope.sender,
        )
    if letter.sender is None:
        return letter
    authentic = is_authentic(
        letter.sender.email,
        spf=form.text_of("SPF"),
        envelope_from=envelope.sender,
        dkim=_signers(form.text_of("dkim")),
    )
    return replace(letter, authentic=authentic)


def _signers(verdicts: str | None) -> list[str]:
    """`{@example.com : pass, @other.example : fail}`"""
    pairs = [part.partition(":") for part in (verdicts or "").strip("{} ").split(",")]
    return [domain.strip().lstrip("@").lower() for domain, _, result in pairs if result.strip().lower() == "pass"]


def _reported(event: _Event) -> DeliveryItem | None:
    """None for what says nothing about an address: processed, deferred, opened, clicked."""
    state = _became(event)
    if state is None or event.email is None:
        return None
    try:
        occurred_at = datetime.fromtimestamp(event.timestamp, UTC)
    except (ValueError, OverflowError, OSError):
        raise Unreadable("timestamp: is no time.") from None
    return delivery(
        external_id=event.sg_event_id,
        occurred_at=occurred_at,
        channel="email",
        message_id=event.smtp_id.strip("<>") if event.smtp_id else None,
        recipient=event.email.lower(),
        state=state,
        reason=event.reason,
    )


def _became(event: _Event) -> State | None:
    match event.event:
        case "delivered":
            return "delivered"
        case "bounce":
            # `blocked`: the mail was refused, not the address.
            return "bounced_soft" if event.type == "blocked" else bounce_by_status(event.status or "5.0.0")
        case "dropped":
            return _DROPPED.get(event.reason or "", "failed")
        case "spamreport":
            return "complained"
        case "unsubscribe" | "group_unsubscribe":
            return "unsubscribed"
    return None
