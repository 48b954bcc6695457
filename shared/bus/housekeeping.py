"""Forgetting in time. What remembers that something was done must outlive every possible repetition, and no longer."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Table, delete, func, select, text

from shared.bus.ddl import IDEMPOTENCY_HOURS
from shared.service import Runtime

# Longer than any redelivery: a broker's backlog, a replay of dead letters, a sender's own retries.
INBOX_KEPT = timedelta(days=45)
KEYS_KEPT = timedelta(hours=IDEMPOTENCY_HOURS)
EVERY_SECONDS = 600.0
ROWS_AT_ONCE = 2_000


async def tidy(runtime: Runtime) -> int:
    """Delete what is too old, in small transactions. Returns how many rows went."""
    tables, now = runtime.database.tables, runtime.clock.now()
    inbox, keys = tables.inbox, tables.idempotency_keys
    done = (inbox.c.state == "done") & (inbox.c.received_at < now - INBOX_KEPT)
    return await _prune(runtime, inbox, done) + await _prune(runtime, keys, _expired(keys, now))


def _expired(keys: Table, now: datetime) -> ColumnElement[bool]:
    return keys.c.created_at < now - KEYS_KEPT


async def _prune(runtime: Runtime, table: Table, old: ColumnElement[bool]) -> int:
    key = list(table.primary_key.columns)
    row = func.row(*key)
    total = 0
    while True:
        async with runtime.database.transaction(None) as session:
            # Opens the policy by which the kit sees expired keys of all accounts; see shared/bus/ddl.py.
            await session.execute(text("select set_config('heed.housekeeping', 'on', true)"))
            victims = select(*key).where(old).limit(ROWS_AT_ONCE).with_for_update(skip_locked=True)
            gone = await session.execute(delete(table).where(row.in_(victims)).returning(key[0]))
            count = len(gone.all())
        total += count
        if count < ROWS_AT_ONCE:
            return total
