"""Orders that were named before they were recorded: by a review that is faster than the shop.

Whoever named one waits in a row, and its timer looks again: as soon as the order is here, and once more after a
while, for an order that was being recorded in the same moment.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from services.customers.activities.models import AwaitedOrder
from services.customers.activities.orders import normal_order
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


async def find(work: Work, sighting_id: UUID) -> AwaitedOrder | None:
    mine = (AwaitedOrder.account_id == work.account_id, AwaitedOrder.sighting_id == sighting_id)
    found: AwaitedOrder | None = await work.session.scalar(select(AwaitedOrder).where(*mine).with_for_update())
    return found


async def go_on(work: Work, waiting: AwaitedOrder) -> None:
    """It is still not here: wait until there is no more waiting."""
    if waiting.expires_at > work.now:
        await work.schedule(TIMER, key=str(waiting.sighting_id), due_at=waiting.expires_at)
    else:
        await end(work, waiting.sighting_id)


async def end(work: Work, sighting_id: UUID) -> None:
    mine = (AwaitedOrder.account_id == work.account_id, AwaitedOrder.sighting_id == sighting_id)
    await work.session.execute(delete(AwaitedOrder).where(*mine))
