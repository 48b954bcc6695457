"""What becomes of messages after they have left, and which addresses are spared from then on.

An address that does not exist is spared at once, one that refuses three times in a week too; whoever complains gets
nothing more and has withdrawn their consent. People lift it again (`DELETE /v1/suppressions/{id}`).
"""

import re
from datetime import timedelta
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from services.notifier.contacts.models import Contact
from services.notifier.messages.models import Message
from services.notifier.preferences import service as preferences
from services.notifier.preferences.service import Choice
from services.notifier.suppressions.models import Suppression
from shared.auth.addresses import BOUNCE, reply_addresses
from shared.bus.events import Event
from shared.contracts.consent import MARKETING, SURVEYS, ConsentChannel
from shared.contracts.hearing import DeliveryReported
from shared.contracts.notifier import MessageFailed
from shared.http.errors import NotFound
from shared.ids import new_id
from shared.work import Work

MOST_SOFT_BOUNCES: Final = 3
IN: Final = timedelta(days=7)
_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_REASONS: Final = {
    "bounced_hard": "mail to this address cannot be delivered",
    "bounced_soft": "mail to this address was refused several times",
    "complained": "whoever reads this address called our mail spam",
}
# What a message is, once it is known; what is worse stays.
_BECOMES: Final = {
    "delivered": "delivered",
    "bounced_hard": "bounced",
    "bounced_soft": "bounced",
    "complained": "complained",
    "failed": "failed",
}
_LEFT: Final = ("sent", "delivered")
Channel = Literal["email", "sms"]


class NoSuchSuppression(NotFound):
    """There is no such suppression."""


async def take_in(work: Work, event: Event[DeliveryReported]) -> None:
    """A report about a message that nobody knows, and no address, changes nothing."""
    report = event.data
    message = await _message_of(work, report.message_id)
    address = message.recipient if message is not None else report.recipient
    if message is not None:
        await _note(work, message, report)
    if address is None:
        return
    if report.state in ("bounced_hard", "bounced_soft", "complained"):
        await _count(work, address.lower(), report, message)
    if report.state in ("complained", "unsubscribed"):
        await _withdraw(work, address.lower(), report, message)


async def refusal(work: Work, channel: str, address: str) -> str | None:
    """Why nothing may be sent to this address, None if it may."""
    kind = "email" if channel == "email" else "sms"  # A number is one, whatever is sent to it.
    mine = (Suppression.account_id == work.account_id) & (Suppression.channel == kind)
    theirs = mine & (Suppression.address == address.lower()) & Suppression.since.is_not(None)
    reason = await work.session.scalar(select(Suppression.reason).where(theirs))
    return _REASONS.get(reason, "this address is spared") if reason is not None else None


async def lift(work: Work, suppression_id: UUID) -> None:
    """Somebody knows better. Raises `NoSuchSuppression`."""
    found = await work.session.get(Suppression, suppression_id)
    if found is None or found.account_id != work.account_id or found.since is None:
        raise NoSuchSuppression
    await work.session.delete(found)


async def _message_of(work: Work, message_id: str | None) -> Message | None:
    if message_id is None:
        return None
    named = reply_addresses(work.settings).read(message_id, BOUNCE, work.account_id)
    if named is None and (found := _ID.search(message_id.lower())):
        named = UUID(found[0])
    message = await work.session.get(Message, named, with_for_update=True) if named is not None else None
    return message if message is not None and message.account_id == work.account_id else None


async def _note(work: Work, message: Message, report: DeliveryReported) -> None:
    state = _BECOMES.get(report.state)
    if state is None or message.state not in _LEFT or message.state == state:
        return
    message.state, message.reason = state, report.reason if state != "delivered" else None
    if state in ("bounced", "failed"):
        failed = MessageFailed(
            message_id=message.id,
            customer_id=message.customer_id,
            ticket_id=message.ticket_id,
            channel=message.channel,
            template=message.template,
            state="failed",
            reason=f"it came back ({report.reason})" if report.reason else "it came back",
            origin_customer_id=message.origin_customer_id,
            invitation_id=message.invitation_id,
        )
        work.emit(failed, subject=message.id, version=3)


async def _count(work: Work, address: str, report: DeliveryReported, message: Message | None) -> None:
    key = {"account_id": work.account_id, "channel": _channel(report), "address": address}
    fresh = insert(Suppression).values(id=new_id(), **key, soft_bounces=[], updated_at=work.now)
    await work.session.execute(fresh.on_conflict_do_nothing())
    row = (await work.session.scalars(select(Suppression).filter_by(**key).with_for_update())).one()
    if report.state == "bounced_soft":
        recent = {each for each in (*row.soft_bounces, report.reported_at) if each > report.reported_at - IN}
        row.soft_bounces = sorted(recent)
    row.updated_at = work.now
    if row.since is None and (report.state != "bounced_soft" or len(row.soft_bounces) >= MOST_SOFT_BOUNCES):
        row.since, row.reason, row.detail = work.now, report.state, report.reason
        row.message_id = message.id if message is not None else None


async def _withdraw(work: Work, address: str, report: DeliveryReported, message: Message | None) -> None:
    """From what it was sent for; from everything that needs no answer if that is not known, or it was called spam."""
    customer_ids = {message.origin_customer_id or message.customer_id} if message is not None else set()
    if not customer_ids - {None}:
        column = Contact.email if _channel(report) == "email" else Contact.phone
        mine = (Contact.account_id == work.account_id) & (column == address)
        customer_ids = set(await work.session.scalars(select(Contact.customer_id).where(mine)))
    purposes = {SURVEYS, MARKETING} | ({message.purpose} if message is not None else set())
    if report.state == "unsubscribed" and message is not None:
        purposes = {message.purpose}
    channel: ConsentChannel = _channel(report)
    for customer_id in sorted(filter(None, customer_ids)):
        known = await preferences.of_customer(work, customer_id, message_id=message.id if message else None)
        if known is not None:
            refused = [(Choice(purpose, channel), False) for purpose in sorted(purposes)]
            await preferences.change(work, known, refused, method="one_click")


def _channel(report: DeliveryReported) -> Channel:
    return "email" if report.channel == "email" else "sms"
