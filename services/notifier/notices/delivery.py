"""One attempt to mail one notice, as `messages.delivery` does it with what customers are told."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

from services.notifier.messages.delivery import PAUSES, mailer_of
from services.notifier.messages.mailers import Mail, NotSent
from services.notifier.notices.models import Colleague, Notice
from services.notifier.settings import NotifierSettings
from shared.dispatch.dispatcher import Dispatcher
from shared.dispatch.queue import Claim, finish, open_claim, postpone
from shared.service import Runtime
from shared.work import Work

KIND: Final = "notice"


async def attempt(runtime: Runtime, claim: Claim) -> None:
    async with open_claim(runtime, claim) as work:
        mail = await _settle(work, claim, runtime.settings)
    if mail is None:
        return
    failure: NotSent | None = None
    try:
        await mailer_of(runtime).send(mail)
    except NotSent as problem:
        failure = problem
    async with open_claim(runtime, claim) as work:
        await _note(work, claim, failure)


async def _settle(work: Work, claim: Claim, settings: NotifierSettings) -> Mail | None:
    """To the address that the colleague has now; None if there is nobody to be told any more."""
    notice = await work.session.get(Notice, claim.id)
    colleague = await work.session.get(Colleague, (work.account_id, notice.user_id)) if notice is not None else None
    if notice is None or colleague is None or colleague.email is None:
        if await finish(work, claim) and notice is not None:
            notice.state, notice.reason = "dropped", "the person does not work here any more"
        return None
    own_address = Address(addr_spec=settings.smtp_from)
    content = EmailMessage(policy=SMTP)
    content["From"] = Address("Heed", own_address.username, own_address.domain)
    content["To"] = Address(addr_spec=colleague.email)
    content["Subject"] = notice.subject
    content["Date"] = format_datetime(notice.created_at)
    content["Message-ID"] = f"<{notice.id}@{own_address.domain}>"
    content["Auto-Submitted"] = "auto-generated"
    content["X-Auto-Response-Suppress"] = "All"
    content.set_content(notice.text)
    return Mail(content, settings.smtp_from, colleague.email)


async def _note(work: Work, claim: Claim, failure: NotSent | None) -> None:
    notice = await work.session.get(Notice, claim.id, with_for_update=True)
    if notice is None:
        return
    if failure is None:
        if await finish(work, claim):
            notice.state, notice.reason, notice.sent_at = "sent", None, work.now
    elif failure.is_final or claim.attempts > len(PAUSES):
        if await finish(work, claim):
            notice.state, notice.reason = "failed", failure.reason
    elif await postpone(work, claim, work.now + PAUSES[claim.attempts - 1]):
        notice.reason = failure.reason


NOTICES = Dispatcher(KIND, attempt, at_once=4, per_lane=2)
