"""What the gateway tells about publishable keys; each field as the newest news of it say, whatever their order."""

from sqlalchemy.dialects.postgresql import insert

from services.tickets.visitors.models import VisitorKey
from shared.bus.events import Event
from shared.contracts.gateway import APIKeyCreated, APIKeyRevoked, APIKeyUpdated
from shared.work import Work


async def remember(work: Work, event: Event[APIKeyCreated]) -> None:
    """The only one that carries the key itself. Origins that were changed since stay."""
    key = event.data
    if key.kind != "publishable":
        return
    told = {"public_key": key.public_key, "expires_at": key.expires_at}
    values = told | {"origins": list(key.origins), "version": event.aggregate_version, "is_revoked": False}
    statement = insert(VisitorKey).values(api_key_id=key.api_key_id, account_id=work.account_id, **values)
    await work.session.execute(statement.on_conflict_do_update(index_elements=["api_key_id"], set_=told))


async def change(work: Work, event: Event[APIKeyUpdated]) -> None:
    key = event.data
    if key.kind != "publishable":
        return
    told = {"origins": list(key.origins), "version": event.aggregate_version}
    statement = insert(VisitorKey).values(
        api_key_id=key.api_key_id, account_id=work.account_id, is_revoked=False, **told
    )
    is_newer = VisitorKey.version < event.aggregate_version
    await work.session.execute(
        statement.on_conflict_do_update(index_elements=["api_key_id"], set_=told, where=is_newer)
    )


async def revoke(work: Work, event: Event[APIKeyRevoked]) -> None:
    """Which kind it was is not told, so a secret key leaves an empty row; no key ever leads to it."""
    told = {"is_revoked": True}
    statement = insert(VisitorKey).values(
        api_key_id=event.data.api_key_id, account_id=work.account_id, origins=[], version=0, **told
    )
    await work.session.execute(statement.on_conflict_do_update(index_elements=["api_key_id"], set_=told))
