"""Postmark: inbound mail, bounces, complaints, deliveries and changed subscriptions, pushed complete.

Nothing is signed; the address carries a user name and a password (basic authentication). 403 would make Postmark stop
for good: a wrong password is answered with 401. https://postmarkapp.com/developer/webhooks.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from email.utils import formataddr
from typing import ClassVar, Final

from pydantic import Field

from services.survey.adapters.base import (
    Capabilities,
    Connection,
    LiveSecrets,
    PushComplete,
    Received,
    Rejected,
    Verified,
)
from services.survey.adapters.reading import Instant, Maybe, Sent, read
from services.survey.adapters.signatures import check_shared_secret
from services.survey.hearing.canonical import DeliveryItem, Item
from services.survey.mail.authentication import is_authentic
from services.survey.mail.items import State
from services.survey.mail.letter import Attachment, Letter, domain_of, headers_of, people_in
from services.survey.mail.parsing import LARGEST, parse_mail
from services.survey.mail.source import MailSettings, delivery, heard
from shared.http.schemas import Model

# Of https://postmarkapp.com/developer/api/bounce-api#bounce-types; the others say nothing about the address.
_BOUNCES: Final[dict[str, State]] = {
    "HardBounce": "bounced_hard",
    "BadEmailAddress": "bounced_hard",
    "ManuallyDeactivated": "bounced_hard",
    "SoftBounce": "bounced_soft",
    "Transient": "bounced_soft",
    "DnsError": "bounced_soft",
    "Blocked": "bounced_soft",
    "Undeliverable": "bounced_soft",
    "SpamNotification": "complained",
    "SpamComplaint": "complained",
    "Unsubscribe": "unsubscribed",
}
# What Heed writes into its mails for Postmark to say again (see notifier/messages/composing.py).
MESSAGE_KEY: Final = "heed-message"


class PostmarkSettings(MailSettings):
    user_name: str = Field(
        "heed",
        min_length=1,
        max_length=100,
        pattern="^[^:@/]+$",
        description="The user name in the webhook's address: https://USER:PASSWORD@…",
    )


class PostmarkSecrets(Model):
    passwords: LiveSecrets = Field(
        description="The password in the webhook's address: a long random word of your own choice."
    )


class _Address(Sent):
    Email: str = ""
    Name: str = ""


class _Header(Sent):
    Name: str
    Value: str = ""


class _Attachment(Sent):
    Name: str = "attachment"
    Content: str = ""
    ContentType: str = "application/octet-stream"


class _Inbound(Sent):
    from_full: _Address = Field(alias="FromFull")
    to_full: list[_Address] = Field([], alias="ToFull")
    cc_full: list[_Address] = Field([], alias="CcFull")
    original_recipient: Maybe = Field(None, alias="OriginalRecipient")
    reply_to: Maybe = Field(None, alias="ReplyTo")
    subject: Maybe = Field(None, alias="Subject")
    date: Maybe = Field(None, alias="Date")
    text: Maybe = Field(None, alias="TextBody")
    html: Maybe = Field(None, alias="HtmlBody")
    # Only if "include raw email content" is on; then it is all that is needed.
    raw: Maybe = Field(None, alias="RawEmail")
    headers: list[_Header] = Field([], alias="Headers")
    attachments: list[_Attachment] = Field([], alias="Attachments")


class _Event(Sent):
    record_type: str = Field(alias="RecordType")
    id: Maybe = Field(None, alias="ID")
    message_id: Maybe = Field(None, alias="MessageID")
    type: Maybe = Field(None, alias="Type")
    email: Maybe = Field(None, alias="Email")
    recipient: Maybe = Field(None, alias="Recipient")
    description: Maybe = Field(None, alias="Description")
    bounced_at: Instant | None = Field(None, alias="BouncedAt")
    delivered_at: Instant | None = Field(None, alias="DeliveredAt")
    changed_at: Instant | None = Field(None, alias="ChangedAt")
    suppress: bool = Field(False, alias="SuppressSending")
    suppression_reason: Maybe = Field(None, alias="SuppressionReason")
    metadata: dict[str, str] = Field({}, alias="Metadata")


class _Kind(Sent):
    record_type: str | None = Field(None, alias="RecordType")


class Postmark(PushComplete):
    name: ClassVar = "postmark"
    title: ClassVar = "Postmark"
    capabilities: ClassVar = Capabilities(edits=False)
    settings: ClassVar[type[Model]] = PostmarkSettings
    secrets: ClassVar[type[Model]] = PostmarkSecrets
    setup: ClassVar = (
        "Put the user name of the settings and the password into the address: `https://heed:password@...`, the rest as "
        "in {url}.",
        "In Postmark open the server's inbound stream, Settings, and enter this address as the webhook. Switch "
        "`Include raw email content in JSON payload` on.",
        "Forward the mailbox to the stream's inbound address, or point the MX record of a domain to Postmark.",
        "In the stream that sends, add a webhook with the same address for Delivery, Bounce, Spam Complaint and "
        "Subscription Change.",
    )
    # In JSON an attachment is a third larger than it is.
    largest: ClassVar = LARGEST * 3 // 2

    def verify(self, received: Received, connection: Connection) -> Verified:
        user_name, password = _basic(received.header("authorization"))
        if user_name != connection.settings.user_name:
            raise Rejected("wrong_signature")
        check_shared_secret(password, connection.secrets.passwords)
        return Verified(scheme="basic")

    def parse(self, received: Received, connection: Connection) -> Sequence[Item]:
        if read(_Kind, received.body).record_type is None:
            return heard(_letter(read(_Inbound, received.body)), received, connection)
        item = _reported(read(_Event, received.body), received.at)
        return [] if item is None else [item]


def _basic(authorization: str | None) -> tuple[str, str]:
    """RFC 7617. Raises `Rejected`."""
    if authorization is None:
        raise Rejected("missing_signature")
    scheme, _, credentials = authorization.partition(" ")
    try:
        if scheme.lower() != "basic":
            raise Rejected("malformed_signature")
        user_name, colon, password = base64.b64decode(credentials.strip(), validate=True).decode().partition(":")
    except (ValueError, binascii.Error):
        raise Rejected("malformed_signature") from None
    if not colon:
        raise Rejected("malformed_signature")
    return user_name, password


def _letter(mail: _Inbound) -> Letter:
    recipients = tuple(people.email for people in people_in(mail.original_recipient))
    if mail.raw is not None:
        letter = parse_mail(mail.raw.encode(errors="replace"), envelope_to=recipients)
    else:
        letter = Letter(
            headers=_headers(mail),
            text=mail.text,
            html=mail.html,
            attachments=[_attachment(each) for each in mail.attachments],
            envelope_to=recipients,
        )
    return _judged(letter)


def _headers(mail: _Inbound) -> list[tuple[str, str]]:
    """Postmark takes the usual ones out and into fields of their own."""
    fields = {"Subject": mail.subject, "Date": mail.date, "Reply-To": mail.reply_to, "From": _written(mail.from_full)}
    lists = [("To", each) for each in mail.to_full] + [("Cc", each) for each in mail.cc_full]
    pairs = [(name, value) for name, value in fields.items() if value]
    pairs += [(name, _written(each)) for name, each in lists]
    return headers_of(pairs + [(header.Name, header.Value) for header in mail.headers])


def _written(address: _Address) -> str:
    return formataddr((address.Name, address.Email)) if address.Email.isascii() else ""


def _attachment(sent: _Attachment) -> Attachment:
    content: bytes | None
    try:
        content = base64.b64decode(sent.Content)
    except (ValueError, binascii.Error):
        content = None
    return Attachment(sent.Name, sent.ContentType.partition(";")[0].strip().lower(), content)


def _judged(letter: Letter) -> Letter:
    """Postmark writes its verdicts into headers: `Received-SPF: Pass (…)`, and SpamAssassin's tests."""
    sender = letter.sender
    if sender is None:
        return letter
    told = letter.only("received-spf") or ""
    named = [part.partition("=")[2].strip('<>" ') for part in told.split(";") if "envelope-from=" in part]
    # A signature that is valid and the author's own.
    tests = (letter.only("x-spam-tests") or "").replace(" ", "").split(",")
    authentic = is_authentic(
        sender.email,
        spf=told.partition(" ")[0],
        envelope_from=named[0] if named else None,
        dkim=[domain_of(sender.email)] if "DKIM_VALID_AU" in tests else [],
    )
    return replace(letter, authentic=authentic)


def _reported(event: _Event, at: datetime) -> DeliveryItem | None:
    """None for what says nothing about an address: opens, clicks, out-of-office notes."""
    state, moment = _became(event), event.bounced_at or event.delivered_at or event.changed_at
    recipient = event.email or event.recipient
    if state is None or recipient is None:
        return None
    occurred_at = moment or at
    return delivery(
        external_id=event.id or f"{event.record_type}:{event.message_id}:{recipient}:{occurred_at.isoformat()}"[:500],
        occurred_at=occurred_at,
        time_confidence="exact" if moment else "assumed",
        channel="email",
        message_id=event.metadata.get(MESSAGE_KEY),
        recipient=recipient.lower(),
        state=state,
        reason=event.description or event.suppression_reason,
    )


def _became(event: _Event) -> State | None:
    if event.record_type in ("Bounce", "SpamComplaint"):
        return _BOUNCES.get(event.type or event.record_type)
    if event.record_type == "Delivery":
        return "delivered"
    # What bounced or was complained about is told by an event of its own.
    by_hand = event.suppress and event.suppression_reason == "ManualSuppression"
    return "unsubscribed" if event.record_type == "SubscriptionChange" and by_hand else None
