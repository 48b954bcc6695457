"""Who may come in by a publishable key: pages of the key's own origins, to talk to the assistant, nothing else."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from fastapi import Request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from sqlalchemy import select

from services.tickets.visitors.models import VisitorKey
from shared.auth.publishable import account_of, identity_secret
from shared.bus.events import Actor
from shared.contracts.base import ActorKind
from shared.http.dependencies import public_work, runtime_of
from shared.http.errors import Forbidden, NotFound, Unacceptable
from shared.settings import ServiceSettings

VISITOR: Final = Actor(ActorKind.HUMAN, "visitor")


class KeyNotFound(NotFound):
    """There is no such publishable key, or it was revoked."""

    code = "key_not_found"


class OriginNotAllowed(Forbidden):
    """This key may not be used from this web site: add its origin to the key."""

    code = "origin_not_allowed"


@dataclass(frozen=True, slots=True)
class Guest:
    """A page that may come in. `origin` may read the answers."""

    account_id: UUID
    api_key_id: UUID
    origin: str


async def enter(request: Request) -> Guest:
    """Raises `KeyNotFound`, `OriginNotAllowed`, or `TooMany` for a key that is used too often."""
    key, runtime = request.path_params["key"], runtime_of(request)
    account_id = account_of(key)
    if account_id is None:
        raise KeyNotFound
    async with public_work(request, account_id, VISITOR) as work:
        mine = (VisitorKey.account_id == account_id) & (VisitorKey.public_key == key)
        known = await work.session.scalar(select(VisitorKey).where(mine))
    now = runtime.clock.now()
    if known is None or known.is_revoked or (known.expires_at is not None and known.expires_at <= now):
        raise KeyNotFound
    # Programs can send any origin; browsers cannot, and it is in them that a stranger's page would speak for us.
    origin = request.headers.get("origin", "")
    if origin not in known.origins:
        raise OriginNotAllowed
    request.scope["heed.headers"] = request.app.state.limiter.take(f"visitor:{known.api_key_id}") | allowed(origin)
    return Guest(account_id, known.api_key_id, origin)


def allowed(origin: str) -> dict[str, str]:
    """What lets a page of this origin read the answer; no cookie is ever involved."""
    return {"Access-Control-Allow-Origin": origin, "Vary": "Origin", "Cross-Origin-Resource-Policy": "cross-origin"}


def identified(settings: ServiceSettings, guest: Guest, token: str | None) -> str | None:
    """The customer's external id, as the owner's own server signed it (JWT, HS256); None without a token.

    Raises `Unacceptable` for a token that is not good.
    """
    if not token:
        return None
    key = OctKey.import_key(identity_secret(settings, guest.api_key_id))
    try:
        claims: dict[str, Any] = jwt.decode(token, key, algorithms=["HS256"]).claims
        return str(claims["sub"])
    except (JoseError, KeyError, TypeError, ValueError):
        detail = "Sign `sub`, the customer's external id, with the key's identity secret (HS256)."
        raise Unacceptable.field("/identity", "bad_identity", detail) from None
