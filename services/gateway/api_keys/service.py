"""API keys: made once, shown once, kept as a hash."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from services.gateway.api_keys.models import APIKey
from services.gateway.exchange.secrets import hashed, hint_of, new_api_key
from shared.contracts.gateway import APIKeyCreated, APIKeyRevoked
from shared.http.errors import Forbidden, NotFound, Unacceptable
from shared.work import Work


class ScopesAboveYours(Forbidden):
    """A key can do at most what its maker can do."""

    code = "scopes_above_yours"


async def create(
    work: Work, name: str, *, scopes: Iterable[str], expires_at: datetime | None, caller_scopes: frozenset[str]
) -> tuple[APIKey, str]:
    """The stored key and its secret. Raises `ScopesAboveYours`, or `Unacceptable` if it would have expired already."""
    wanted = frozenset(scopes)
    if not wanted <= caller_scopes:
        raise ScopesAboveYours(f"You do not have: {', '.join(sorted(wanted - caller_scopes))}.")
    if expires_at is not None and expires_at <= work.now:
        raise Unacceptable.field("/expires_at", "past", "Choose a time in the future.")
    secret = new_api_key()
    key = APIKey(
        account_id=work.account_id,
        name=name,
        hint=hint_of(secret),
        key_hash=hashed(secret),
        scopes=sorted(wanted),
        created_by=str(work.actor),
        created_at=work.now,
        expires_at=expires_at,
    )
    work.session.add(key)
    await work.session.flush()
    work.emit(APIKeyCreated(api_key_id=key.id, name=key.name, scopes=tuple(key.scopes)), subject=key.id)
    return key, secret


async def get(work: Work, api_key_id: UUID) -> APIKey:
    """Raises `NotFound`."""
    key = await work.session.scalar(select(APIKey).where(APIKey.account_id == work.account_id, APIKey.id == api_key_id))
    if key is None:
        raise NotFound
    return key


async def revoke(work: Work, api_key_id: UUID) -> APIKey:
    """Revoking what is revoked changes nothing. Raises `NotFound`."""
    key = await get(work, api_key_id)
    if key.revoked_at is None:
        key.revoked_at = work.now
        work.emit(APIKeyRevoked(api_key_id=key.id), subject=key.id, version=2)
    return key
