"""New accounts, each with its owner and a key for its programs."""

from dataclasses import dataclass
from typing import Final

from services.gateway.accounts.models import Account
from services.gateway.accounts.schemas import AccountChanges, NewAccount
from services.gateway.api_keys import service as api_keys
from services.gateway.api_keys.schemas import NewAPIKey
from services.gateway.audit import trail
from services.gateway.users import service as users
from services.gateway.users.models import User
from services.gateway.users.schemas import NewUser
from shared.auth.scopes import ALL
from shared.bus.subscriptions import Timer
from shared.contracts.gateway import AccountCreated, AccountUpdated
from shared.db.database import set_account
from shared.http.dependencies import check_match
from shared.http.errors import NotFound
from shared.ids import new_id
from shared.work import Work

# A migration may schedule it for every account, when a service begins to keep what was told before it listened.
TELL_AGAIN: Final = "accounts.tell"


@dataclass(frozen=True, slots=True)
class Opened:
    account: Account
    owner: User
    api_key: str


async def open_account(
    work: Work, *, name: str, locale: str, timezone: str, owner: NewUser, password_hash: str
) -> Opened:
    """`work` is that of the new account, whose id it carries already."""
    account = Account(account_id=work.account_id, name=name, locale=locale, timezone=timezone, created_at=work.now)
    work.session.add(account)
    await work.session.flush()
    # First of all events of the account: the others build on what services set up when they hear it.
    work.emit(
        AccountCreated(account_id=account.account_id, name=name, locale=locale, timezone=timezone),
        subject=account.account_id,
    )
    user = await users.add(work, owner, password_hash=password_hash, caller_scopes=ALL)
    _, api_key = await api_keys.create(work, NewAPIKey(name="First key", scopes=sorted(ALL)), caller_scopes=ALL)
    return Opened(account, user, api_key)


async def open_another(work: Work, new: NewAccount, *, owner: NewUser, password_hash: str) -> Opened:
    """A new account in the same transaction as the caller's own account's record of it."""
    inner = Work(
        session=work.session,
        account_id=new_id(),
        actor=work.actor,
        clock=work.clock,
        tables=work.tables,
        correlation_id=work.correlation_id,
        causation_id=work.causation_id,
        traceparent=work.traceparent,
        settings=work.settings,
    )
    await set_account(work.session, inner.account_id)
    opened = await open_account(
        inner, name=new.name, locale=new.locale, timezone=new.timezone, owner=owner, password_hash=password_hash
    )
    await inner.flush_outbox()
    await set_account(work.session, work.account_id)
    await trail.record(work, type="heed.gateway.account.opened", subject=str(inner.account_id))
    return opened


async def get(work: Work) -> Account:
    """The account of this work. Raises `NotFound`."""
    account = await work.session.get(Account, work.account_id)
    if account is None:
        raise NotFound
    return account


async def change(work: Work, changes: AccountChanges, *, expected_version: int | None) -> Account:
    """Raises `NotFound` or `StaleVersion`. What is as it was is not told."""
    account = await work.session.get(Account, work.account_id, with_for_update=True)
    if account is None:
        raise NotFound
    check_match(expected_version, account.version)
    given = changes.model_dump(include=changes.model_fields_set)
    if all(getattr(account, name) == value for name, value in given.items()):
        return account
    for name, value in given.items():
        setattr(account, name, value)
    account.version += 1
    _tell(work, account)
    return account


async def tell_again(work: Work, timer: Timer) -> None:
    """Say how the account stands, in its present version: who knows that already takes no notice."""
    account = await work.session.get(Account, work.account_id, with_for_update=True)
    if account is not None:
        _tell(work, account)


def _tell(work: Work, account: Account) -> None:
    updated = AccountUpdated(
        account_id=account.account_id, name=account.name, locale=account.locale, timezone=account.timezone
    )
    work.emit(updated, subject=account.account_id, version=account.version)
