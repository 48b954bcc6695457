"""Credential in, signed token out.

What was exchanged is remembered for `HEED_EXCHANGE_SECONDS` (20 by default), so that a busy caller costs a dictionary
lookup and not a query for each request. Revoking a credential takes effect at once in the process that revokes it, and
within those seconds in every other (behind nginx, whose own memory lasts 10 s, within 30 s in all).
"""

import asyncio
import base64
import hmac
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.api_keys.models import APIKey
from services.gateway.exchange.credentials import Credential, UnknownCredential
from services.gateway.exchange.secrets import hashed
from services.gateway.sessions.models import Session
from services.gateway.settings import GatewaySettings
from shared.auth.scopes import ROLES
from shared.auth.tokens import Principal, TokenSigner
from shared.bus.events import Actor
from shared.contracts.base import ActorKind
from shared.db.database import set_account
from shared.service import Runtime

MOST_REMEMBERED = 10_000
# "Last used" is for people: a write each minute and credential tells them enough.
SEEN_EVERY = timedelta(minutes=1)
# The account is not known yet; see `_look_ups` in the first migration.
_FIND_KEY = text("select * from gateway.find_key(:hash)")
_FIND_SESSION = text("select * from gateway.find_session(:hash)")


@dataclass(frozen=True, slots=True)
class Exchanged:
    """`authorization` is the token as a header's value. `csrf_token` is what unsafe requests of a session must show."""

    token: str
    authorization: bytes
    principal: Principal
    csrf_token: str | None
    good_until: datetime


class Exchange:
    """One per process. Raises `UnknownCredential` for what is not, or no longer, a credential of ours."""

    def __init__(self, runtime: Runtime, signer: TokenSigner) -> None:
        self._runtime = runtime
        self._settings: GatewaySettings = runtime.settings
        self._signer = signer
        self._csrf_key = runtime.settings.derived_key("csrf")
        # By hash, so that a dump of the memory shows no credentials.
        self._known: OrderedDict[bytes, Exchanged] = OrderedDict()
        self._asking: dict[bytes, asyncio.Task[Exchanged]] = {}

    async def exchange(self, credential: Credential) -> Exchanged:
        key = hashed(credential.secret)
        known = self._known.get(key)
        if known is not None and self._runtime.clock.now() < known.good_until:
            self._known.move_to_end(key)
            return known
        # Many requests of one caller miss at the same moment: one of them asks, and a caller who hangs up in the
        # meantime must not take the answer away from the others.
        asking = self._asking.get(key)
        if asking is None:
            asking = self._asking[key] = asyncio.create_task(self._ask(credential.kind == "key", key))
            asking.add_done_callback(lambda task: self._asked(key, task))
        return await asyncio.shield(asking)

    async def forget(self, credential: str) -> None:
        """Drop what is remembered of one credential (`Principal.credential`) in this process."""
        for key in [key for key, known in self._known.items() if known.principal.credential == credential]:
            del self._known[key]

    async def forget_user(self, user_id: UUID) -> None:
        """Drop all sessions of one person in this process."""
        actor = Actor(ActorKind.HUMAN, str(user_id))
        for key in [key for key, known in self._known.items() if known.principal.actor == actor]:
            del self._known[key]

    def csrf_token(self, token_hash: bytes) -> str:
        """Derived from the session, so nothing needs to be stored, and of no use for any other session."""
        digest = hmac.digest(self._csrf_key, token_hash, "sha256")
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def _asked(self, key: bytes, task: asyncio.Task[Exchanged]) -> None:
        del self._asking[key]
        if not task.cancelled():
            # Looked at here, because nobody may be left to see it.
            task.exception()

    async def _ask(self, is_key: bool, secret_hash: bytes) -> Exchanged:
        now = self._runtime.clock.now()
        async with self._runtime.database.transaction(None) as session:
            if is_key:
                principal, ends = await _find_key(session, secret_hash, now)
            else:
                principal, ends = await _find_session(session, secret_hash, now, self._settings.session_idle)
        good_until = now + timedelta(seconds=self._settings.exchange_seconds)
        token = self._signer.sign(principal, now=now)
        exchanged = Exchanged(
            token=token,
            authorization=b"Bearer " + token.encode(),
            principal=principal,
            csrf_token=None if is_key else self.csrf_token(secret_hash),
            good_until=min(good_until, ends) if ends else good_until,
        )
        self._known[secret_hash] = exchanged
        if len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)
        return exchanged


def credential_id(principal: Principal, kind: Literal["key", "session"]) -> UUID | None:
    """The id of the key or session that the caller came with, or None if it was the other."""
    found, _, identifier = principal.credential.partition(":")
    return UUID(identifier) if found == kind else None


def exchange_of(runtime: Runtime) -> Exchange:
    """The process's exchange, shared by the front door and the gateway's own application."""
    exchange: Exchange | None = runtime.state.get("exchange")
    if exchange is None:
        if runtime.signer is None:
            raise RuntimeError("the gateway signs tokens: set HEED_TOKEN_PRIVATE_KEY")
        exchange = runtime.state["exchange"] = Exchange(runtime, runtime.signer)
    return exchange


async def _find_key(session: AsyncSession, secret_hash: bytes, now: datetime) -> tuple[Principal, datetime | None]:
    found = (await session.execute(_FIND_KEY, {"hash": secret_hash})).one_or_none()
    if found is None or (found.expires_at is not None and found.expires_at <= now):
        raise UnknownCredential
    if _is_stale(found.last_used_at, now):
        await set_account(session, found.account_id)
        await session.execute(update(APIKey).where(APIKey.id == found.api_key_id).values(last_used_at=now))
    actor = Actor(ActorKind.PARTNER, str(found.api_key_id))
    return Principal(found.account_id, actor, frozenset(found.scopes), f"key:{found.api_key_id}"), found.expires_at


async def _find_session(
    session: AsyncSession, secret_hash: bytes, now: datetime, idle: timedelta
) -> tuple[Principal, datetime]:
    found = (await session.execute(_FIND_SESSION, {"hash": secret_hash})).one_or_none()
    if found is None or found.expires_at <= now or found.last_seen_at + idle <= now:
        raise UnknownCredential
    if _is_stale(found.last_seen_at, now):
        await set_account(session, found.account_id)
        await session.execute(update(Session).where(Session.id == found.session_id).values(last_seen_at=now))
    actor = Actor(ActorKind.HUMAN, str(found.user_id))
    return Principal(found.account_id, actor, ROLES[found.role], f"session:{found.session_id}"), found.expires_at


def _is_stale(seen: datetime | None, now: datetime) -> bool:
    return seen is None or now - seen >= SEEN_EVERY
