"""Each account has a mark that is another one whenever its policies or calendars have changed.

Whoever opens a ticket reads them from memory and has the database compare the mark, so what is promised is never out of
date. Whoever changes them marks that first, and by that lock waits for tickets that are just being opened. A count
would come again after a change that was rolled back; a mark never does.
"""

from typing import Final

from sqlalchemy import text

from services.tickets.slas.defaults import ensure_defaults
from shared.db.database import driver_of
from shared.work import Work

_ADVANCE: Final = text("update tickets.counters set terms_revision = gen_random_uuid() where account_id = :account_id")


async def advance(work: Work) -> None:
    """Called before anything is changed, within the same transaction. An account without policies gets its first."""
    await ensure_defaults(await driver_of(work.session), work.account_id, work.now)
    await work.session.execute(_ADVANCE, {"account_id": work.account_id})
