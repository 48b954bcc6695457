"""Conversations by mail: whom an answer goes to, and what it hangs from."""

from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Final
from uuid import UUID

from services.notifier.mails.models import MailThread
from services.notifier.settings import NotifierSettings
from shared.auth.addresses import BOUNCE, TICKET, reply_addresses
from shared.bus.events import Event
from shared.contracts.mail import MailReceived
from shared.work import Work

# RFC 5321, 4.5.3.1.1.
LONGEST_LOCAL_PART: Final = 64
_MOST_REFERENCES: Final = 20
_MOST_COPIES: Final = 10


async def remember(work: Work, event: Event[MailReceived]) -> None:
    """The latest mail is the one that is answered, and goes to the latest author who may be; in whatever order they are
    heard of. What machines wrote is neither."""
    mail = event.data
    if mail.automatic is not None:
        return
    key = (work.account_id, mail.thread_id)
    thread = await work.session.get(MailThread, key, with_for_update=True)
    is_new = thread is None
    if thread is None:
        thread = MailThread(account_id=work.account_id, thread_id=mail.thread_id, subject=mail.subject, copies=[])
        work.session.add(thread)
    if is_new or mail.occurred_at >= thread.occurred_at:
        thread.message_id, thread.references = mail.message_id, list(mail.references)
        thread.mailbox, thread.occurred_at = mail.mailbox, mail.occurred_at
    if mail.trusted and (thread.trusted_at is None or mail.occurred_at >= thread.trusted_at):
        thread.address = mail.address if _is_plain(mail.address) else None
        thread.copies = [copy for copy in mail.copies if _is_plain(copy)][:_MOST_COPIES]
        thread.trusted_at = mail.occurred_at
    await work.session.flush()


async def thread_of(work: Work, thread_id: UUID | None) -> MailThread | None:
    """None if it is no conversation by mail, or not heard of yet."""
    return await work.session.get(MailThread, (work.account_id, thread_id)) if thread_id is not None else None


def write_headers(
    content: EmailMessage, settings: NotifierSettings, account_id: UUID, ticket_id: UUID, thread: MailThread | None
) -> None:
    """So that an answer finds its way back, by whichever header its author's program keeps (RFC 5322, 3.6.4)."""
    signer = reply_addresses(settings)
    domain = Address(addr_spec=settings.smtp_from).domain
    # A mail that never was, but that all mail about one ticket hangs from; its id proves which ticket that is.
    references = [f"{signer.token(TICKET, account_id, ticket_id)}@{domain}"]
    if thread is not None:
        references = [*thread.references[-_MOST_REFERENCES:], thread.message_id, *references]
        content["In-Reply-To"] = f"<{thread.message_id}>"
    content["References"] = " ".join(f"<{each}>" for each in references)
    mailbox = (thread.mailbox if thread is not None else None) or settings.reply_address
    if mailbox:
        signed = signer.address(mailbox, TICKET, account_id, ticket_id)
        content["Reply-To"] = signed if _fits(signed) else mailbox


def bounces_to(settings: NotifierSettings, account_id: UUID, message_id: UUID) -> str:
    """The envelope's sender: an address that names the message, so that a bounce need not (VERP). Only where mail to
    such addresses comes here, in the domain that the mail server may send for."""
    own = settings.reply_address
    if not own or Address(addr_spec=own).domain != Address(addr_spec=settings.smtp_from).domain:
        return settings.smtp_from
    signed = reply_addresses(settings).address(own, BOUNCE, account_id, message_id)
    return signed if _fits(signed) else settings.smtp_from


def subject_of_reply(thread: MailThread, number: int | None) -> str | None:
    """Mail programs show what belongs together together only if it is called alike. None: it had no subject."""
    if not thread.subject:
        return None
    plain = thread.subject if thread.subject[:3].lower() == "re:" else f"Re: {thread.subject}"
    return plain if number is None or f"[#{number}]" in plain else f"{plain} [#{number}]"


def _is_plain(address: str) -> bool:
    """Whether a mail can be written to it: what stands in others' headers may be no address at all."""
    try:
        return address.isascii() and bool(Address(addr_spec=address).domain)
    except (ValueError, IndexError, HeaderParseError):
        return False


def _fits(address: str) -> bool:
    return len(address.rpartition("@")[0]) <= LONGEST_LOCAL_PART
