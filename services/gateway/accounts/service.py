"""New accounts, each with its owner and a key for its programs."""

from dataclasses import dataclass

from services.gateway.accounts.models import Account
from services.gateway.api_keys import service as api_keys
from services.gateway.users import service as users
from services.gateway.users.models import User
from services.gateway.users.schemas import NewUser
from shared.auth.scopes import ALL
from shared.contracts.gateway import AccountCreated
from shared.work import Work


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
    _, api_key = await api_keys.create(work, "First key", scopes=ALL, expires_at=None, caller_scopes=ALL)
    return Opened(account, user, api_key)


async def get(work: Work) -> Account | None:
    """The account of this work; None for one that only other services know, which happens in their tests."""
    return await work.session.get(Account, work.account_id)
