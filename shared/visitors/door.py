"""The door for web pages of other origins, by publishable key: who may come in, and what they may read."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from fastapi import Request, Response
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from pydantic import BaseModel, ValidationError
from sqlalchemy import select

from shared.auth.publishable import account_of, identity_secret
from shared.bus.events import Actor
from shared.http.dependencies import public_work, runtime_of
from shared.http.errors import Forbidden, NotFound, Unacceptable
from shared.http.problems import from_validation, problem_response, request_id_of, translate
from shared.settings import ServiceSettings
from shared.visitors.keys import PublishableKey

B = TypeVar("B", bound=BaseModel)


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


Handler = Callable[[Request, Guest], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Door:
    """`limit` names what is counted when a key is used too often."""

    keys: type[PublishableKey]
    visitor: Actor
    limit: str

    async def enter(self, request: Request) -> Guest:
        """For a route with the `key` in its path. Raises `KeyNotFound`, `OriginNotAllowed`, or `TooMany`."""
        key, runtime = request.path_params["key"], runtime_of(request)
        account_id = account_of(key)
        if account_id is None:
            raise KeyNotFound
        async with public_work(request, account_id, self.visitor) as work:
            mine = (self.keys.account_id == account_id) & (self.keys.public_key == key)
            known: PublishableKey | None = await work.session.scalar(select(self.keys).where(mine))
        now = runtime.clock.now()
        if known is None or known.is_revoked or (known.expires_at is not None and known.expires_at <= now):
            raise KeyNotFound
        # Programs can send any origin; browsers cannot, and it is in them that a stranger's page would speak for us.
        origin = request.headers.get("origin", "")
        if origin not in known.origins:
            raise OriginNotAllowed
        taken = request.app.state.limiter.take(f"{self.limit}:{known.api_key_id}")
        request.scope["heed.headers"] = taken | _allowed(origin)
        return Guest(account_id, known.api_key_id, origin)

    def guarded(self, handler: Handler) -> Endpoint:
        """A page may read why it was refused, if it may come in at all."""

        async def endpoint(request: Request) -> Response:
            try:
                return await handler(request, await self.enter(request))
            except Exception as problem:
                return problem_response(translate(problem), request_id_of(request))

        return endpoint


async def preflight(request: Request, guest: Guest) -> Response:
    """For pages that send JSON by themselves; a `text/plain` body needs no leave."""
    asked = {"Access-Control-Allow-Methods": "GET, POST", "Access-Control-Allow-Headers": "Content-Type"}
    return Response(status_code=204, headers=_allowed(guest.origin) | asked | {"Access-Control-Max-Age": "600"})


async def read_body(request: Request, model: type[B]) -> B:
    """Raises `Unacceptable`."""
    raw = await request.body()
    try:
        return model.model_validate_json(raw)
    except ValidationError as problem:
        raise from_validation(problem.errors(include_url=False, include_input=False), skip=0) from None


def identity_in(settings: ServiceSettings, guest: Guest, token: str | None) -> dict[str, Any] | None:
    """Who the visitor is, as the owner's own server signed it (JWT, HS256): claims with `sub`, the external id.

    None without a token. Raises `Unacceptable` for one that is not good.
    """
    if not token:
        return None
    key = OctKey.import_key(identity_secret(settings, guest.api_key_id))
    try:
        claims: dict[str, Any] = jwt.decode(token, key, algorithms=["HS256"]).claims
    except (JoseError, TypeError, ValueError):
        raise bad_identity() from None
    if "sub" not in claims:
        raise bad_identity()
    return claims


def bad_identity() -> Unacceptable:
    detail = "Sign `sub`, the customer's external id, with the key's identity secret (HS256)."
    return Unacceptable.field("/identity", "bad_identity", detail)


def _allowed(origin: str) -> dict[str, str]:
    """What lets a page of this origin read the answer; no cookie is ever involved."""
    return {"Access-Control-Allow-Origin": origin, "Vary": "Origin", "Cross-Origin-Resource-Policy": "cross-origin"}
