"""Orders that were named before they were recorded: by a review that is faster than the shop.

Whoever named one waits in a row, and its timer looks again: as soon as the order is here, and once more after a
while, for an order that was being recorded in the same moment. An import may bring thousands, so they look together.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from services.customers.activities.models import AwaitedOrder
from services.customers.activities.orders import known_orders, normal_order
from shared.contracts.survey import CustomerSighted
from shared.work import Work

TIMER: Final = "activities.awaited"
# A shop that tells of its orders once a month is the slowest that we wait for.
WAITS: Final = timedelta(days=31)
_AGAIN: Final = timedelta(minutes=10)


async def wait(work: Work, sighted: CustomerSighted) -> None:
    """Until its order is here; does nothing where no order is named. The newest naming counts."""
    key = normal_order(sighted.customer.order)
    if key is None:
        return
    row = {
        "account_id": work.account_id,
        "sighting_id": sighted.sighting_id,
        "order_key": key,
        "handle": sighted.customer.handle,
        "verified": sighted.verified,
        "expires_at": work.now + WAITS,
    }
    same = [AwaitedOrder.account_id, AwaitedOrder.sighting_id]
    await work.session.execute(insert(AwaitedOrder).values(row).on_conflict_do_update(index_elements=same, set_=row))
    await work.schedule(TIMER, key=str(sighted.sighting_id), due_at=work.now + _AGAIN)


async def arrived(work: Work, order_keys: Collection[str]) -> None:
    """Those who wait for one of these look again, once it is committed."""
    if not order_keys:
        return
    waiting = select(AwaitedOrder.sighting_id).where(
        AwaitedOrder.account_id == work.account_id, AwaitedOrder.order_key.in_(order_keys)
    )
    found = await work.session.scalars(waiting)
    await work.schedule_all(TIMER, {str(sighting_id): work.now for sighting_id in found})


async def find_all(work: Work, sighting_ids: Collection[UUID]) -> tuple[list[AwaitedOrder], list[AwaitedOrder]]:
    """To be changed: those whose order is here, and the others."""
    mine = (AwaitedOrder.account_id == work.account_id, AwaitedOrder.sighting_id.in_(sighting_ids))
    statement = select(AwaitedOrder).where(*mine).order_by(AwaitedOrder.sighting_id).with_for_update()
    waiting = (await work.session.scalars(statement)).all()
    here = await known_orders(work, {each.order_key for each in waiting})
    missing = [each for each in waiting if each.order_key not in here]
    return [each for each in waiting if each.order_key in here], missing


async def go_on(work: Work, waiting: Collection[AwaitedOrder]) -> None:
    """Nobody was found: wait until there is no more waiting."""
    over = [each.sighting_id for each in waiting if each.expires_at <= work.now]
    await end(work, over)
    later = {str(each.sighting_id): each.expires_at for each in waiting if each.expires_at > work.now}
    await work.schedule_all(TIMER, later)


async def end(work: Work, sighting_ids: Collection[UUID]) -> None:
    if sighting_ids:
        mine = (AwaitedOrder.account_id == work.account_id, AwaitedOrder.sighting_id.in_(sighting_ids))
        await work.session.execute(delete(AwaitedOrder).where(*mine))
