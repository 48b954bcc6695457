"""All accounts, one after the other: for operators."""

from collections.abc import AsyncIterator
from uuid import UUID

from sqlalchemy import select

from services.metrics.verification.comparing import Differences, differences
from services.metrics.verification.nightly import KIND
from shared.bus.events import Actor
from shared.contracts.base import ActorKind
from shared.service import Runtime
from shared.work import open_work

_OPERATOR = Actor(ActorKind.SYSTEM, "verify")


async def verify_all(runtime: Runtime) -> AsyncIterator[tuple[UUID, Differences, int]]:
    """Each account with its differences, and how many accounts are still to come."""
    timers = runtime.database.tables.timers
    # Every account waits for its night.
    statement = select(timers.c.account_id).where(timers.c.kind == KIND).order_by(timers.c.account_id)
    async with runtime.database.transaction(None) as session:
        account_ids = (await session.scalars(statement)).all()
    for number, account_id in enumerate(account_ids, 1):
        async with open_work(runtime.database, account_id, _OPERATOR, clock=runtime.clock) as work:
            found = await differences(work)
        yield account_id, found, len(account_ids) - number
