"""From a queued message to a mail, as RFC 5322 and its neighbours want it."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any
from uuid import UUID

from services.notifier.accounts.models import Account
from services.notifier.contacts.models import Contact
from services.notifier.messages.mailers import Mail
from services.notifier.messages.models import Message
from services.notifier.messages.texting import LONGEST as LONGEST_SMS
from services.notifier.messages.texting import TextMessage
from services.notifier.preferences.links import LinkKind, preferences_url
from services.notifier.settings import NotifierSettings
from services.notifier.templates.kinds import KINDS
from services.notifier.templates.models import Template
from services.notifier.templates.moments import zone_of
from services.notifier.templates.rendering import name_in_text, one_line, render
from services.notifier.templates.service import source_of
from services.notifier.templates.texts import language_of
from shared.contracts.consent import SERVICE

LONGEST_NAME = 100


class TooLong(ValueError):
    """The text does not fit its channel; says by how much."""


def compose(
    message: Message, template: Template, account: Account, contact: Contact, settings: NotifierSettings
) -> None:
    """Fill in the message's subject, text and HTML. Raises `jinja2.TemplateError`, and `TooLong` for an SMS."""
    variables: dict[str, Any] = {
        **message.variables,
        "business": {"name": name_in_text(account.name)},
        "customer": {"name": name_in_text(contact.name)},
        "preferences_url": _preferences_url(message, settings),
    }
    rendered = render(
        source_of(template),
        variables,
        locale=language_of(template.locale),
        zone=zone_of(contact.timezone, account.timezone),
    )
    if message.channel == "sms":
        if len(rendered.sms) > LONGEST_SMS:
            raise TooLong(f"it has {len(rendered.sms)} characters; a text message has {LONGEST_SMS} at most")
        message.subject, message.text = "", rendered.sms
    else:
        message.subject, message.text, message.html = rendered.subject, rendered.text, rendered.html


def to_text_message(message: Message, account: Account, settings: NotifierSettings) -> TextMessage:
    assert message.recipient is not None
    return TextMessage(message.id, settings.sms_from or one_line(account.name), message.recipient, message.text or "")


def to_mail(message: Message, account: Account, settings: NotifierSettings) -> Mail:
    """The same mail at every attempt, its Message-ID included, so that receivers can tell a repetition.

    `EmailMessage` refuses line ends in headers; names and subjects have lost theirs before they come here.
    """
    assert message.recipient is not None
    content = EmailMessage(policy=SMTP)
    own_address = Address(addr_spec=settings.smtp_from)
    name = one_line(name_in_text(account.name) or "")[:LONGEST_NAME]
    content["From"] = Address(name, own_address.username, own_address.domain)
    content["To"] = Address(addr_spec=message.recipient)
    content["Subject"] = one_line(message.subject or "")
    content["Date"] = format_datetime(message.created_at)
    content["Message-ID"] = f"<{message.id}@{own_address.domain}>"
    if message.ticket_id is not None:
        # A message that never was, but that all mail about one ticket hangs from: mail programs show them together.
        content["References"] = thread_of(message.ticket_id, own_address.domain)
    preferences = _preferences_url(message, settings)
    if preferences is not None:
        # RFC 2369 and RFC 8058: mail programs show a button, and one click ends what this message was sent for.
        content["List-Unsubscribe"] = f"<{preferences}>"
        content["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    auto_submitted = KINDS[message.template].auto_submitted
    if auto_submitted is not None:
        content["Auto-Submitted"] = auto_submitted
        content["X-Auto-Response-Suppress"] = "All"
    content.set_content(message.text or "")
    content.add_alternative(message.html or "", subtype="html")
    # RFC 3834, 3.3: an answer that no person wrote has no return path, so that it is never answered itself.
    sender = "" if auto_submitted == "auto-replied" else settings.smtp_from
    return Mail(content, sender, message.recipient)


def _preferences_url(message: Message, settings: NotifierSettings) -> str | None:
    """None for what answers the customer: that ends when they stop asking."""
    if message.purpose == SERVICE:
        return None
    return preferences_url(settings, LinkKind.MESSAGE, message.account_id, message.id)


def thread_of(ticket_id: UUID, domain: str) -> str:
    return f"<ticket.{ticket_id}@{domain}>"
