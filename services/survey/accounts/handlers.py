"""Keeps the accounts' names, in whatever order the events come."""

from sqlalchemy.dialects.postgresql import insert

from services.survey.accounts.models import Account
from shared.bus.events import Event
from shared.contracts.gateway import AccountCreated, AccountUpdated
from shared.work import Work


async def remember(work: Work, event: Event[AccountCreated]) -> None:
    await _upsert(work, event.data.name, event.aggregate_version)


async def rename(work: Work, event: Event[AccountUpdated]) -> None:
    await _upsert(work, event.data.name, event.aggregate_version)


async def _upsert(work: Work, name: str, version: int) -> None:
    statement = insert(Account).values(account_id=work.account_id, name=name, version=version)
    changed = {"name": name, "version": version}
    newer = Account.version < statement.excluded.version
    await work.session.execute(
        statement.on_conflict_do_update(index_elements=["account_id"], set_=changed, where=newer)
    )
