"""Signing in and out."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select, text

from services.gateway.audit import trail
from services.gateway.exchange.secrets import hashed, new_session_token
from services.gateway.exchange.service import Exchange
from services.gateway.sessions.models import Session
from services.gateway.users.models import User
from services.gateway.users.passwords import Passwords
from shared.http.errors import Unauthenticated
from shared.service import Runtime
from shared.work import Work

_FIND_USER = text("select account_id, user_id from gateway.find_user(:email, :account_id)")


class WrongCredentials(Unauthenticated):
    """E-mail address or password is wrong."""

    code = "wrong_credentials"


@dataclass(frozen=True, slots=True)
class Member:
    """A person as they were when their password was checked."""

    account_id: UUID
    user_id: UUID
    password_hash: str


async def find_member(runtime: Runtime, email: str, account_id: UUID | None) -> Member | None:
    """The account is not known yet, so a function of the database looks it up; see the first migration."""
    async with runtime.database.transaction(None) as session:
        found = (await session.execute(_FIND_USER, {"email": email, "account_id": account_id})).one_or_none()
    if found is None:
        return None
    async with runtime.database.transaction(found.account_id) as session:
        statement = select(User.password_hash).where(User.account_id == found.account_id, User.id == found.user_id)
        password_hash = await session.scalar(statement)
    return Member(found.account_id, found.user_id, password_hash) if password_hash is not None else None


async def start(
    work: Work, member: Member, passwords: Passwords, password: str, *, lifetime: timedelta
) -> tuple[User, Session, str]:
    """The user, the session and its token. Raises `WrongCredentials` if the password was changed in the meantime.

    The lock on the user makes this wait for such a change, which ends all sessions there are: one that began with the
    old password must not come after it.
    """
    unchanged = select(User).where(
        User.account_id == work.account_id,
        User.id == member.user_id,
        User.password_hash == member.password_hash,
        User.removed_at.is_(None),
    )
    user = await work.session.scalar(unchanged.with_for_update())
    if user is None:
        raise WrongCredentials
    if passwords.is_outdated(user.password_hash):
        user.password_hash = await passwords.hash(password)
    await work.session.execute(
        delete(Session).where(
            Session.account_id == work.account_id, Session.user_id == user.id, Session.expires_at <= work.now
        )
    )
    token = new_session_token()
    session = Session(
        account_id=work.account_id,
        user_id=user.id,
        token_hash=hashed(token),
        created_at=work.now,
        last_seen_at=work.now,
        expires_at=work.now + lifetime,
    )
    work.session.add(session)
    await work.session.flush()
    await trail.record(
        work, type="heed.gateway.session.started", subject=str(user.id), details={"session_id": str(session.id)}
    )
    return user, session, token


async def end(work: Work, session_id: UUID) -> None:
    """Sign out."""
    await work.session.execute(delete(Session).where(Session.account_id == work.account_id, Session.id == session_id))
    await trail.record(
        work, type="heed.gateway.session.ended", subject=work.actor.id, details={"session_id": str(session_id)}
    )


async def csrf_token(work: Work, exchange: Exchange, session_id: UUID) -> str | None:
    """None if the session has ended since its token was signed."""
    statement = select(Session.token_hash).where(Session.account_id == work.account_id, Session.id == session_id)
    token_hash = await work.session.scalar(statement)
    return exchange.csrf_token(token_hash) if token_hash is not None else None
