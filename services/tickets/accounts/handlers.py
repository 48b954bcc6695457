"""Keeps the accounts' names and languages, in whatever order the events come."""

from sqlalchemy.dialects.postgresql import insert

from services.tickets.accounts.models import Account
from shared.bus.events import Event
from shared.contracts.gateway import AccountCreated, AccountUpdated
from shared.work import Work


async def remember(work: Work, event: Event[AccountCreated]) -> None:
    await _upsert(work, event.data, event.aggregate_version)


async def rename(work: Work, event: Event[AccountUpdated]) -> None:
    await _upsert(work, event.data, event.aggregate_version)


async def _upsert(work: Work, known: AccountCreated | AccountUpdated, version: int) -> None:
    changed = {"name": known.name, "locale": known.locale, "version": version}
    statement = insert(Account).values(account_id=work.account_id, **changed)
    newer = Account.version < statement.excluded.version
    await work.session.execute(
        statement.on_conflict_do_update(index_elements=["account_id"], set_=changed, where=newer)
    )
