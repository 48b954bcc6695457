"""People of an account: who may add, change and remove whom."""

from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError

from services.gateway.audit import trail
from services.gateway.sessions.models import Session
from services.gateway.users.models import User
from services.gateway.users.passwords import Passwords
from services.gateway.users.schemas import NewUser, PasswordChange, Role, UserChanges
from shared.auth.scopes import ROLES
from shared.contracts.base import ActorKind
from shared.contracts.gateway import UserAdded, UserRemoved, UserUpdated
from shared.http.dependencies import check_match
from shared.http.errors import Conflict, Forbidden, NotFound, Unacceptable
from shared.work import Work


class EmailTaken(Conflict):
    """Somebody in this account already has that e-mail address."""

    code = "email_taken"


class LastOwner(Conflict):
    """An account needs an owner. Make somebody else owner first."""

    code = "last_owner"


class NotAPerson(Conflict):
    """An API key has no password. Sign in as a person to change yours."""

    code = "not_a_person"


class RoleAboveYours(Forbidden):
    """You cannot give, change or take away a role that may do more than you may."""

    code = "role_above_yours"


async def add(work: Work, new: NewUser, *, password_hash: str, caller_scopes: frozenset[str]) -> User:
    """Raises `EmailTaken` or `RoleAboveYours`."""
    refuse_role_above(caller_scopes, new.role)
    user = User(
        account_id=work.account_id,
        email=new.email,
        name=new.name,
        role=new.role,
        password_hash=password_hash,
        version=1,
        created_at=work.now,
    )
    try:
        async with work.session.begin_nested():
            work.session.add(user)
    except IntegrityError as problem:
        raise EmailTaken from problem
    work.emit(UserAdded(user_id=user.id, name=user.name, email=user.email, role=user.role), subject=user.id)
    return user


async def get(work: Work, user_id: UUID) -> User:
    """Raises `NotFound` for anybody who is not, or no longer, in this account."""
    statement = select(User).where(User.account_id == work.account_id, User.id == user_id, User.removed_at.is_(None))
    user = await work.session.scalar(statement)
    if user is None:
        raise NotFound
    return user


async def change(
    work: Work,
    user_id: UUID,
    changes: UserChanges,
    *,
    password_hash: str | None,
    caller_scopes: frozenset[str],
    expected_version: int | None,
) -> User:
    """Raises `NotFound`, `StaleVersion`, `RoleAboveYours` or `LastOwner`."""
    user = await _locked(work, user_id, caller_scopes)
    check_match(expected_version, user.version)
    if not changes.model_fields_set:
        return user
    if changes.role is not None and changes.role != user.role:
        refuse_role_above(caller_scopes, changes.role)
        await _keep_an_owner(work, user)
        user.role = changes.role
    if changes.name is not None:
        user.name = changes.name
    user.version += 1
    if password_hash is not None:
        await set_password(work, user, password_hash)
    work.emit(
        UserUpdated(user_id=user.id, name=user.name, email=user.email, role=user.role),
        subject=user.id,
        version=user.version,
    )
    return user


async def remove(work: Work, user_id: UUID, *, caller_scopes: frozenset[str]) -> User:
    """Ends their sessions; API keys they made belong to the account and stay. Raises as `change`."""
    user = await _locked(work, user_id, caller_scopes)
    await _keep_an_owner(work, user)
    user.removed_at = work.now
    user.version += 1
    await _end_sessions(work, user.id)
    work.emit(UserRemoved(user_id=user.id), subject=user.id, version=user.version)
    return user


async def of_actor(work: Work) -> User | None:
    """The person behind this work, or None if a program is."""
    if work.actor.kind is not ActorKind.HUMAN:
        return None
    return await get(work, UUID(work.actor.id))


async def change_own_password(work: Work, passwords: Passwords, change: PasswordChange) -> None:
    """Raises `NotAPerson` for a key's caller, `Unacceptable` if the current password is wrong."""
    user = await of_actor(work)
    if user is None:
        raise NotAPerson
    if not await passwords.fits(change.current_password, user.password_hash):
        raise Unacceptable.field("/current_password", "wrong", "This is not your current password.")
    await set_password(work, user, await passwords.hash(change.new_password))


async def set_password(work: Work, user: User, password_hash: str) -> None:
    """A changed password ends every session: whoever knew the old one is out."""
    user.password_hash = password_hash
    await _end_sessions(work, user.id)
    await trail.record(work, type="heed.gateway.password.changed", subject=str(user.id))


def refuse_role_above(caller_scopes: frozenset[str], role: str) -> None:
    if not ROLES[role] <= caller_scopes:
        raise RoleAboveYours


async def _locked(work: Work, user_id: UUID, caller_scopes: frozenset[str]) -> User:
    """The user, with all changes to people of this account in single file, so that two cannot remove the last owner."""
    await work.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"users:{work.account_id}", 0))))
    user = await get(work, user_id)
    refuse_role_above(caller_scopes, user.role)
    return user


async def _keep_an_owner(work: Work, leaving: User) -> None:
    if leaving.role != Role.OWNER:
        return
    others = select(func.count()).where(
        User.account_id == work.account_id,
        User.role == Role.OWNER,
        User.removed_at.is_(None),
        User.id != leaving.id,
    )
    if not await work.session.scalar(others):
        raise LastOwner


async def _end_sessions(work: Work, user_id: UUID) -> None:
    await work.session.execute(delete(Session).where(Session.account_id == work.account_id, Session.user_id == user_id))
