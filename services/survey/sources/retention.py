"""What senders sent is kept for a while, so that it can be read again; then it goes."""

from datetime import timedelta
from typing import Final

from sqlalchemy import delete, select

from services.survey.sources.models import Delivery, Rejection, Source
from shared.bus.subscriptions import Timer
from shared.work import Work

TIMER: Final = "sources.forget"
KEPT: Final = timedelta(days=90)
EVERY: Final = timedelta(days=1)
AT_ONCE: Final = 5_000
_KEY: Final = "account"


async def begin(work: Work) -> None:
    """From the first source on."""
    await work.schedule(TIMER, key=_KEY, due_at=work.now + EVERY)


async def forget_old(work: Work, timer: Timer) -> None:
    """In portions: a year's backlog must not hold a transaction open."""
    before = work.now - KEPT
    old = (Delivery.account_id == work.account_id) & (Delivery.received_at < before)
    some = select(Delivery.id).where(old).limit(AT_ONCE)
    gone = (await work.session.scalars(delete(Delivery).where(Delivery.id.in_(some)).returning(Delivery.id))).all()
    counted = (Rejection.account_id == work.account_id) & (Rejection.hour < before)
    await work.session.execute(delete(Rejection).where(counted))
    mine = Source.account_id == work.account_id
    if await work.session.scalar(select(Source.id).where(mine).limit(1)) is not None:
        more = len(gone) == AT_ONCE
        await work.schedule(TIMER, key=_KEY, due_at=work.now if more else work.now + EVERY)
