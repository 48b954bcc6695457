"""Giving connections back: a burst must not hold a laptop's memory for good."""

import asyncio
from collections.abc import Sequence

from sqlalchemy.pool import QueuePool

from shared.db.database import Database

LOOK_SECONDS = 15.0
# A backend takes some 4 MB; opening one takes some 5 ms.
KEEP = 1


async def close_idle_connections(databases: Sequence[Database], *, every: float = LOOK_SECONDS) -> None:
    """Until cancelled, empty each pool that holds more than `KEEP` connections while nobody uses any of them."""
    while True:
        await asyncio.sleep(every)
        for database in databases:
            pool = database.engine.pool
            if isinstance(pool, QueuePool) and pool.checkedin() > KEEP and not pool.checkedout():
                # A new pool takes the old one's place; whoever comes in this moment gets a fresh connection.
                await database.engine.dispose()
