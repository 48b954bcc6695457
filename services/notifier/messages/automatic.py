"""How often a machine may answer: once a day to one address, five times in one conversation (RFC 3834, section 2, asks
for such limits). More would answer another machine."""

from datetime import timedelta
from typing import Final

from sqlalchemy import func, select, text

from services.notifier.messages.models import Message
from services.notifier.templates.kinds import KINDS
from shared.work import Work

MOST_TO_AN_ADDRESS: Final = 1
IN: Final = timedelta(hours=24)
MOST_IN_A_CONVERSATION: Final = 5
_REPLIES: Final = [kind.key for kind in KINDS.values() if kind.auto_submitted == "auto-replied"]


async def refusal(work: Work, message: Message, address: str) -> str | None:
    """Why this answer must not be sent, None if it may or a person wrote it. Of several at once to one address the
    first goes out: one that has its recipient and still waits is on its way."""
    if message.template not in _REPLIES:
        return None
    lock = text("select pg_advisory_xact_lock(hashtextextended(:name, 0))")
    await work.session.execute(lock, {"name": f"notifier.automatic {work.account_id} {address}"})
    on_its_way = (Message.state == "queued") & Message.recipient.is_not(None) & (Message.id != message.id)
    sent = (
        (Message.account_id == work.account_id)
        & Message.template.in_(_REPLIES)
        & (Message.sent_at.is_not(None) | on_its_way)
    )
    lately = sent & (Message.recipient == address) & ((Message.sent_at > work.now - IN) | on_its_way)
    if (await work.session.scalar(select(func.count()).where(lately)) or 0) >= MOST_TO_AN_ADDRESS:
        return "this address has had an automatic answer within the last 24 hours"
    if message.thread_id is None:
        return None
    counted = select(func.count()).where(sent, Message.thread_id == message.thread_id)
    if (await work.session.scalar(counted) or 0) >= MOST_IN_A_CONVERSATION:
        return "this conversation has had enough automatic answers"
    return None
