"""API keys: made once, shown once, kept as a hash."""

from uuid import UUID

from sqlalchemy import select

from services.gateway.api_keys.models import APIKey
from services.gateway.api_keys.schemas import PUBLISHABLE_SCOPES, APIKeyChange, NewAPIKey
from services.gateway.exchange.secrets import hashed, hint_of, new_api_key
from shared.auth.publishable import new_publishable_key
from shared.contracts.gateway import APIKeyCreated, APIKeyRevoked, APIKeyUpdated
from shared.http.errors import Forbidden, NotFound, Unacceptable
from shared.work import Work


class ScopesAboveYours(Forbidden):
    """A key can do at most what its maker can do."""

    code = "scopes_above_yours"


async def create(work: Work, new: NewAPIKey, *, caller_scopes: frozenset[str]) -> tuple[APIKey, str]:
    """The stored key and the key itself. Raises `ScopesAboveYours`, or `Unacceptable` if it would have expired."""
    is_public = new.kind == "publishable"
    wanted = frozenset(PUBLISHABLE_SCOPES if is_public else new.scopes)
    if not wanted <= caller_scopes:
        raise ScopesAboveYours(f"You do not have: {', '.join(sorted(wanted - caller_scopes))}.")
    if new.expires_at is not None and new.expires_at <= work.now:
        raise Unacceptable.field("/expires_at", "past", "Choose a time in the future.")
    secret = new_publishable_key(work.account_id) if is_public else new_api_key()
    key = APIKey(
        account_id=work.account_id,
        name=new.name,
        kind=new.kind,
        public_key=secret if is_public else None,
        origins=new.origins,
        hint=hint_of(secret),
        key_hash=hashed(secret),
        scopes=sorted(wanted),
        created_by=str(work.actor),
        created_at=work.now,
        expires_at=new.expires_at,
        version=1,
    )
    work.session.add(key)
    await work.session.flush()
    created = APIKeyCreated(
        api_key_id=key.id,
        name=key.name,
        scopes=tuple(key.scopes),
        kind=new.kind,
        public_key=key.public_key,
        origins=tuple(key.origins),
        expires_at=key.expires_at,
    )
    work.emit(created, subject=key.id)
    return key, secret


async def change(work: Work, api_key_id: UUID, wanted: APIKeyChange) -> APIKey:
    """Raises `NotFound`, or `Unacceptable` for origins of a secret key."""
    key = await get(work, api_key_id)
    if "origins" in wanted.model_fields_set and key.kind != "publishable":
        raise Unacceptable.field("/origins", "secret_key", "A secret key must never stand in a web page.")
    for field in wanted.model_fields_set:
        setattr(key, field, getattr(wanted, field))
    key.version += 1
    updated = APIKeyUpdated(
        api_key_id=key.id,
        name=key.name,
        kind="publishable" if key.public_key else "secret",
        origins=tuple(key.origins),
    )
    work.emit(updated, subject=key.id, version=key.version)
    return key


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
        key.version += 1
        work.emit(APIKeyRevoked(api_key_id=key.id), subject=key.id, version=key.version)
    return key
