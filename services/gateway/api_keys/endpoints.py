from uuid import UUID

from fastapi import BackgroundTasks, Request
from sqlalchemy import select

from services.gateway.api_keys import service as api_keys_service
from services.gateway.api_keys.auth import APIKeysRead, APIKeysWrite
from services.gateway.api_keys.models import APIKey
from services.gateway.api_keys.schemas import APIKeyChange, APIKeyCreated, APIKeyOut, NewAPIKey
from services.gateway.exchange.service import exchange_of
from services.gateway.told_once import tell_once
from shared.auth.publishable import identity_secret
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import RuntimeDep, principal_of
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/api-keys", tags=["api-keys"])


@router.post("", status_code=201)
async def create_api_key(body: NewAPIKey, work: APIKeysWrite, request: Request) -> APIKeyCreated:
    """Make an API key. The answer is the only place where a secret is ever shown."""
    key, secret = await api_keys_service.create(work, body, caller_scopes=principal_of(request).scopes)
    tell_once(request, "key", "identity_secret")
    identity = identity_secret(work.settings, key.id) if key.public_key else None
    return APIKeyCreated(**APIKeyOut.model_validate(key).model_dump(), key=secret, identity_secret=identity)


@router.get("")
async def list_api_keys(work: APIKeysRead, page: PageQuery) -> Page[APIKeyOut]:
    """All keys, revoked ones included, newest first."""
    statement = select(APIKey).where(APIKey.account_id == work.account_id)
    found = await paginate(work.session, statement, page, keys=(APIKey.id.desc(),))
    return found.map(APIKeyOut.model_validate)


@router.get("/{api_key_id}")
async def get_api_key(api_key_id: UUID, work: APIKeysRead) -> APIKeyOut:
    """One key, without its secret."""
    return APIKeyOut.model_validate(await api_keys_service.get(work, api_key_id))


@router.patch("/{api_key_id}")
async def change_api_key(api_key_id: UUID, body: APIKeyChange, work: APIKeysWrite) -> APIKeyOut:
    """Rename a key, or say which web sites may use a publishable one."""
    return APIKeyOut.model_validate(await api_keys_service.change(work, api_key_id, body))


@router.delete("/{api_key_id}")
async def revoke_api_key(
    api_key_id: UUID, work: APIKeysWrite, runtime: RuntimeDep, background: BackgroundTasks
) -> APIKeyOut:
    """Revoke a key for good. It stops working within 30 seconds everywhere."""
    key = await api_keys_service.revoke(work, api_key_id)
    # After the commit, or a request in between would be answered from the state before and remembered again.
    background.add_task(exchange_of(runtime).forget, f"key:{key.id}")
    return APIKeyOut.model_validate(key)
