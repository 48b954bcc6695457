"""Where an account's days begin, in whatever order the events come."""

import structlog
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError

from services.metrics.accounts.models import Account
from services.metrics.rollups import rebuilding
from shared.bus.events import Event
from shared.contracts.gateway import AccountCreated, AccountUpdated
from shared.work import Work

log = structlog.get_logger(__name__)


async def remember(work: Work, event: Event[AccountCreated]) -> None:
    await _learn(work, event.data.timezone, event.aggregate_version)


async def change(work: Work, event: Event[AccountUpdated]) -> None:
    await _learn(work, event.data.timezone, event.aggregate_version)


async def _learn(work: Work, time_zone: str, version: int) -> None:
    """Count by the days of this zone from now on, and count what there is anew by them."""
    if not await _is_known(work, time_zone):
        log.warning("the database does not know this time zone", account_id=str(work.account_id), time_zone=time_zone)
        return
    known = {"time_zone": time_zone, "version": version}
    statement = insert(Account).values(account_id=work.account_id, **known)
    newer = Account.version < statement.excluded.version
    learned = await work.session.scalar(
        statement.on_conflict_do_update(index_elements=["account_id"], set_=known, where=newer).returning(
            Account.account_id
        )
    )
    if learned is not None:
        await rebuilding.move_to(work, time_zone)


async def _is_known(work: Work, time_zone: str) -> bool:
    """PostgreSQL has time zones of its own, and an account's may be newer than they are."""
    try:
        async with work.attempt():
            await work.session.execute(text("select now() at time zone cast(:zone as text)"), {"zone": time_zone})
    except DBAPIError:
        return False
    return True
