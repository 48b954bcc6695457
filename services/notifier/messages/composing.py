"""From a queued message to a mail, as RFC 5322 and its neighbours want it."""

from collections.abc import Mapping
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from services.notifier.accounts.models import Account
from services.notifier.contacts.models import Contact
from services.notifier.mails.models import MailThread
from services.notifier.mails.service import bounces_to, subject_of_reply, write_headers
from services.notifier.messages.mailers import Mail
from services.notifier.messages.models import Message
from services.notifier.messages.texting import LONGEST as LONGEST_SMS
from services.notifier.messages.texting import TEXTS, WHATSAPP, ContentTemplate, TextMessage
from services.notifier.preferences.links import LinkKind, preferences_url
from services.notifier.settings import NotifierSettings
from services.notifier.templates.kinds import KINDS
from services.notifier.templates.models import Template
from services.notifier.templates.moments import zone_of
from services.notifier.templates.rendering import name_in_text, one_line, render
from services.notifier.templates.service import source_of
from services.notifier.templates.texts import language_of
from shared.contracts.consent import SERVICE
from shared.contracts.tickets import AttachedFile
from shared.replies import with_files

LONGEST_NAME = 100
REPLY = "reply"


class TooLong(ValueError):
    """The text does not fit its channel; says by how much."""


def compose(
    message: Message,
    template: Template,
    account: Account,
    contact: Contact | None,
    settings: NotifierSettings,
    thread: MailThread | None = None,
) -> None:
    """Fill in the message's subject, text and HTML. Raises `jinja2.TemplateError`, and `TooLong` for an SMS."""
    variables: dict[str, Any] = {
        **message.variables,
        "business": {"name": name_in_text(account.name)},
        "customer": {"name": name_in_text(contact.name) if contact is not None else None},
        "preferences_url": _preferences_url(message, settings),
    }
    if message.template == REPLY and (files := variables.get("attachments")):
        variables["text"] = with_files(variables["text"], map(AttachedFile.model_validate, files))
    rendered = render(
        source_of(template),
        variables,
        locale=language_of(template.locale),
        zone=zone_of(contact.timezone if contact is not None else None, account.timezone),
    )
    if message.channel in TEXTS:
        text = rendered.sms + (_numbered(message.variables) if message.channel == WHATSAPP else "")
        if len(text) > LONGEST_SMS:
            raise TooLong(f"it has {len(text)} characters; a text message has {LONGEST_SMS} at most")
        message.subject, message.text = "", text
    else:
        message.subject, message.text, message.html = rendered.subject, rendered.text, rendered.html
        if thread is not None and message.template == REPLY:
            message.subject = subject_of_reply(thread, message.variables.get("number")) or message.subject


def to_text_message(message: Message, account: Account, settings: NotifierSettings) -> TextMessage:
    assert message.recipient is not None
    name = one_line(name_in_text(account.name) or "")
    said, template = message.variables, message.variables.get("whatsapp_template")
    return TextMessage(
        message.id,
        settings.sms_from or name,
        message.recipient,
        message.text or "",
        by_whatsapp=message.channel == WHATSAPP,
        # What fills the template's {{1}}, {{2}} and {{3}}; WhatsApp takes no line ends in them.
        template=ContentTemplate(template, (name, one_line(said["question"]), said["url"])) if template else None,
    )


def _numbered(variables: Mapping[str, Any]) -> str:
    """The scale, a line for each score: what an answer by number may be, where there are no buttons to tap."""
    scores = [choice["score"] for choice in variables.get("scores") or ()]
    if not scores:
        return ""
    labels = {scores[0]: variables.get("low_label"), scores[-1]: variables.get("high_label")}
    return "".join(f"\n{score} = {labels[score]}" if labels.get(score) else f"\n{score}" for score in scores)


def to_mail(message: Message, account: Account, settings: NotifierSettings, thread: MailThread | None = None) -> Mail:
    """The same mail at every attempt, its Message-ID included, so that receivers can tell a repetition. An answer to a
    mail goes to all who took part in the conversation.

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
    # Postmark repeats it in what it tells of the message, whose Message-ID it does not keep.
    content["X-PM-Metadata-heed-message"] = str(message.id)
    if message.ticket_id is not None:
        write_headers(content, settings, message.account_id, message.ticket_id, thread)
    copies = tuple(thread.copies) if thread is not None and message.template == REPLY else ()
    if copies:
        content["Cc"] = [Address(addr_spec=copy) for copy in copies]
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
    is_reply = auto_submitted == "auto-replied"
    sender = "" if is_reply else bounces_to(settings, message.account_id, message.id)
    return Mail(content, sender, message.recipient, copies)


def _preferences_url(message: Message, settings: NotifierSettings) -> str | None:
    """None for what answers the customer: that ends when they stop asking."""
    if message.purpose == SERVICE:
        return None
    return preferences_url(settings, LinkKind.MESSAGE, message.account_id, message.id)
