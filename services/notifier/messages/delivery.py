"""One attempt to deliver one message: settle it, send it, note what became of it.

Settling and noting are two transactions and sending lies between them. If the process dies after the mail server has
taken the mail, the next attempt sends it again with the same Message-ID and Date: at most a recognisable duplicate,
never a loss. The built-in mailbox drops such a duplicate by its Message-ID.
"""

from datetime import timedelta
from typing import Final
from uuid import UUID

from jinja2 import TemplateError
from sqlalchemy import select

from services.notifier.accounts.service import account_of
from services.notifier.consents import service as consents
from services.notifier.contacts.models import Contact
from services.notifier.contacts.service import contact_of
from services.notifier.mailbox.mailer import MailboxMailer
from services.notifier.mails.service import thread_of
from services.notifier.messages import automatic
from services.notifier.messages.composing import TooLong, compose, to_mail, to_text_message
from services.notifier.messages.mailers import Mail, Mailer, NoMailer, NotSent, SMTPMailer
from services.notifier.messages.models import Message
from services.notifier.messages.service import KIND
from services.notifier.messages.texting import TEXTS, TextMessage, texter_of
from services.notifier.settings import NotifierSettings
from services.notifier.suppressions import service as suppressions
from services.notifier.templates import service as templates
from shared.contracts.consent import ALLOWED_BY_DEFAULT
from shared.contracts.notifier import MessageFailed, MessageSent
from shared.dispatch.dispatcher import Dispatcher
from shared.dispatch.queue import Claim, finish, open_claim, postpone
from shared.service import Runtime
from shared.work import Work

# After a failure that may pass. The first attempt is at once, the last after about a day and a half.
PAUSES: Final = (
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=4),
    timedelta(hours=8),
    timedelta(hours=24),
)
# The news of a customer may travel a moment longer than the wish to write to them.
# After a minute nobody is coming: the id was mistaken.
WAIT_FOR_CONTACT: Final = (timedelta(seconds=1), timedelta(seconds=5), timedelta(seconds=14), timedelta(seconds=40))
_ADDRESSES: Final = {"email": "e-mail address", "sms": "phone number", "whatsapp": "phone number"}


def mailer_of(runtime: Runtime) -> Mailer:
    """The mailbox, the configured server, or none; decided once per process."""
    if "mailer" not in runtime.state:
        settings: NotifierSettings = runtime.settings
        made: Mailer = NoMailer()
        if settings.uses_mailbox:
            made = MailboxMailer(runtime)
        elif settings.smtp_host:
            made = SMTPMailer(settings)
        runtime.state["mailer"] = made
    mailer: Mailer = runtime.state["mailer"]
    return mailer


async def attempt(runtime: Runtime, claim: Claim) -> None:
    async with open_claim(runtime, claim) as work:
        outgoing = await _settle(work, claim, runtime.settings)
    if outgoing is None:
        return
    failure: NotSent | None = None
    try:
        if isinstance(outgoing, Mail):
            await mailer_of(runtime).send(outgoing)
        else:
            await texter_of(runtime).send(outgoing)
    except NotSent as problem:
        failure = problem
    async with open_claim(runtime, claim) as work:
        await _note(work, claim, failure)


async def _settle(work: Work, claim: Claim, settings: NotifierSettings) -> Mail | TextMessage | None:
    """What to send, or None if there is nothing to send now; then that has been noted."""
    message = await _locked(work, claim.id)
    if message is None or message.state != "queued":
        await finish(work, claim)
        return None
    thread = await thread_of(work, message.thread_id) if message.channel == "email" else None
    contact = await addressee_of(work, message) if message.customer_id is not None else None
    if contact is None and (message.customer_id is not None or thread is None):
        await _wait_for_contact(work, claim, message)
        return None
    # In a conversation by mail whoever wrote last is answered, at the address they wrote from.
    address = thread.address if thread is not None else None
    if address is None and contact is not None:
        address = address_of(contact, message.channel)
    if address is None:
        await _give_up(work, claim, message, "suppressed", f"the customer has no {_ADDRESSES[message.channel]}")
        return None
    refusal = await _refusal(work, message, contact, address)
    if refusal is not None:
        await _give_up(work, claim, message, "suppressed", refusal)
        return None
    account = await account_of(work)
    try:
        if message.subject is None:
            message.recipient = address
            template = await templates.for_customer(
                work, message.template, message.locale or (contact.locale if contact else None) or account.locale
            )
            compose(message, template, account, contact, settings, thread)
        if message.channel in TEXTS:
            return to_text_message(message, account, settings)
        return to_mail(message, account, settings, thread)
    except TooLong as problem:
        await _give_up(work, claim, message, "failed", str(problem))
        return None
    except (TemplateError, ValueError, TypeError) as problem:
        await _give_up(work, claim, message, "failed", f"it could not be composed ({type(problem).__name__})")
        return None


async def _refusal(work: Work, message: Message, contact: Contact | None, address: str) -> str | None:
    """Why the customer must not be written to, as of now: consents and restrictions are of the person, whichever of
    their identities the message goes to; who is no customer has said nothing."""
    if (refusal := await suppressions.refusal(work, message.channel, address)) is not None:
        return refusal
    if (refusal := await automatic.refusal(work, message, address)) is not None:
        return refusal
    if message.customer_id is None or contact is None:
        message.basis = ALLOWED_BY_DEFAULT.get(message.purpose)
        return None if message.basis is not None else "nobody has agreed to it"
    person = await contact_of(work, message.customer_id)
    if contact.restricted or (person is not None and person.restricted):
        return "the customer's data may only be kept"
    decision = await consents.decision_for(work, message.customer_id, purpose=message.purpose, channel=message.channel)
    message.basis, message.consent_id = decision.basis, decision.consent_id
    return None if decision.allowed else consents.refusal(decision, message.purpose, message.channel)


async def addressee_of(work: Work, message: Message) -> Contact | None:
    """Who gets the message: the identity it answers, as long as that can be written to; else who that is now."""
    assert message.customer_id is not None
    if message.origin_customer_id is not None:
        contact = await contact_of(work, message.origin_customer_id)
        if contact is not None and address_of(contact, message.channel) is not None:
            return contact
    return await contact_of(work, message.customer_id)


def address_of(contact: Contact, channel: str) -> str | None:
    return contact.phone if channel in TEXTS else contact.email


async def _note(work: Work, claim: Claim, failure: NotSent | None) -> None:
    message = await _locked(work, claim.id)
    if message is None:
        return
    message.attempts = claim.attempts
    if failure is None:
        await _mark_sent(work, claim, message)
    elif failure.is_final or claim.attempts > len(PAUSES):
        await _give_up(work, claim, message, "failed", failure.reason)
    elif await postpone(work, claim, work.now + PAUSES[claim.attempts - 1]):
        message.reason = failure.reason


async def _mark_sent(work: Work, claim: Claim, message: Message) -> None:
    if not await finish(work, claim):
        return
    message.state, message.reason, message.sent_at = "sent", None, work.now
    work.emit(
        MessageSent(
            message_id=message.id,
            customer_id=message.customer_id,
            ticket_id=message.ticket_id,
            invitation_id=message.invitation_id,
            rule_id=message.rule_id,
            channel=message.channel,
            template=message.template,
            subject=message.subject or "",
            sent_at=work.now,
            origin_customer_id=message.origin_customer_id,
            telling_id=message.telling_id,
        ),
        subject=message.id,
        version=2,
    )


async def _give_up(work: Work, claim: Claim, message: Message, state: str, reason: str) -> None:
    if not await finish(work, claim):
        return
    message.state, message.reason = state, reason
    work.emit(
        MessageFailed.model_validate(
            {
                "message_id": message.id,
                "customer_id": message.customer_id,
                "ticket_id": message.ticket_id,
                "channel": message.channel,
                "template": message.template,
                "state": state,
                "reason": reason,
                "origin_customer_id": message.origin_customer_id,
                "telling_id": message.telling_id,
                "invitation_id": message.invitation_id,
            }
        ),
        subject=message.id,
        version=2,
    )


async def _wait_for_contact(work: Work, claim: Claim, message: Message) -> None:
    message.attempts = claim.attempts
    if claim.attempts > len(WAIT_FOR_CONTACT):
        await _give_up(work, claim, message, "suppressed", "there is no such customer")
    elif await postpone(work, claim, work.now + WAIT_FOR_CONTACT[claim.attempts - 1]):
        message.reason = "the customer is not known yet"


async def _locked(work: Work, message_id: UUID) -> Message | None:
    mine = select(Message).where(Message.account_id == work.account_id, Message.id == message_id)
    found: Message | None = await work.session.scalar(mine.with_for_update())
    return found


MESSAGES = Dispatcher(KIND, attempt, at_once=16, per_lane=8)
