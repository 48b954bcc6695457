"""The first start of an empty system: one account, its owner, and a key, so that there is something to sign in to."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select, text

from services.gateway.accounts.service import open_account
from services.gateway.settings import GatewaySettings
from services.gateway.users.passwords import passwords_of, random_password
from services.gateway.users.schemas import NewUser, Role
from shared.bus.events import Actor
from shared.contracts.base import ActorKind
from shared.ids import new_id
from shared.service import Runtime
from shared.work import open_work

LOCALE = "en"
TIMEZONE = "UTC"


@dataclass(frozen=True, slots=True)
class FirstAccount:
    """What a person needs to begin; the password and the key exist nowhere else in the clear."""

    account_id: UUID
    email: str
    password: str
    api_key: str


async def ensure_first_account(
    runtime: Runtime, keep: Callable[[FirstAccount], None] | None = None
) -> FirstAccount | None:
    """None if there is an account already. Safe to repeat, and to run in several processes at once.

    `keep` stores the credentials where people find them. It is called before the commit: a crash in between leaves
    credentials of an account that does not exist, which the next start replaces; the other way round would leave an
    account that nobody can enter.
    """
    settings: GatewaySettings = runtime.settings
    if await _has_accounts(runtime):
        return None
    password = random_password()
    password_hash = await passwords_of(runtime).hash(password)
    owner = NewUser(email=settings.first_owner_email, name="Owner", role=Role.OWNER)
    actor = Actor(ActorKind.SYSTEM, "gateway")
    async with open_work(runtime.database, new_id(), actor, clock=runtime.clock) as work:
        await work.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("first account", 0))))
        if await work.session.scalar(text("select gateway.has_accounts()")):
            return None
        opened = await open_account(
            work,
            name=settings.first_account_name,
            locale=LOCALE,
            timezone=TIMEZONE,
            owner=owner,
            password_hash=password_hash,
        )
        first = FirstAccount(work.account_id, owner.email, password, opened.api_key)
        await work.flush_outbox()
        if keep is not None:
            keep(first)
    return first


async def _has_accounts(runtime: Runtime) -> bool:
    async with runtime.database.transaction(None) as session:
        return bool(await session.scalar(text("select gateway.has_accounts()")))
