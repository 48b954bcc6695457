"""The door that all requests come through: finds the service, exchanges the credential, and steps aside.

Plain ASGI, because everything passes here: a known credential costs a dictionary lookup, and neither body nor answer is
touched, so that uploads and event streams run straight through. Limits, request ids and security headers are the
service's own (`shared.http.middleware.Edge`).

Behind nginx the door has only the gateway behind it: nginx asks `/internal/exchange` and passes requests on itself.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from services.gateway.exchange.credentials import (
    SAFE_METHODS,
    Credential,
    Headers,
    UnknownCredential,
    read_headers,
    refuse_forgery,
)
from services.gateway.exchange.service import Exchange, exchange_of
from services.gateway.routing import GATEWAY, Kind, Route, find_route
from services.gateway.sessions.cookie import expired_cookie
from services.gateway.settings import GatewaySettings
from services.gateway.upstreams import LocalUpstream, UpstreamSilent
from shared.http.errors import NotFound
from shared.http.middleware import Edge
from shared.service import Runtime
from shared.settings import Environment

READYZ = "/readyz"
INTERNAL = "/internal/"
_FORWARDED = b"x-forwarded-for"
_CREDENTIALS = frozenset({b"authorization", b"cookie", b"x-csrf-token"})
_COOKIE = frozenset({b"cookie"})
_NOTHING: frozenset[bytes] = frozenset()


class ServiceReadiness(BaseModel):
    status: Literal["ready", "degraded", "unavailable"]
    checks: list[Any]


class WholeReadiness(BaseModel):
    """`status` is the worst of all services."""

    status: Literal["ready", "degraded", "unavailable"]
    services: dict[str, ServiceReadiness]


def create_front_door(runtime: Runtime, upstreams: Mapping[str, ASGIApp]) -> ASGIApp:
    """`runtime` is the gateway's; `upstreams` are the applications by service, the gateway's own among them.

    Their lifespans are the caller's affair. With the gateway alone, an edge is taken to stand in front: it may ask for
    exchanges, and it says where a request came from.
    """
    runtime.state["upstreams"] = dict(upstreams)
    return FrontDoor(runtime, upstreams)


class FrontDoor:
    def __init__(self, runtime: Runtime, upstreams: Mapping[str, ASGIApp]) -> None:
        self._upstreams = upstreams
        self._behind_edge = set(upstreams) == {GATEWAY}
        self._exchange: Exchange = exchange_of(runtime)
        self._settings: GatewaySettings = runtime.settings
        # Turns what the door refuses into a problem document with request id and headers, as a service would.
        self._refuse = Edge(
            _raise_refusal,
            service=GATEWAY,
            body_limit=0,
            body_limits={"/": None},
            concurrency=10_000,
            secure=runtime.settings.environment is Environment.PRODUCTION,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path = scope["path"]
        route = find_route(path)
        app = self._upstreams.get(route.service) if route is not None else None
        if route is None or app is None or (path.startswith(INTERNAL) and not self._behind_edge):
            await self._refused(scope, receive, send, NotFound())
            return
        if path == READYZ and not self._behind_edge:
            await self._readiness(scope, receive, send)
            return
        try:
            authorization = None
            if route.kind is not Kind.PUBLIC:
                authorization = await self._authorization(scope)
        except Exception as problem:
            await self._refused(scope, receive, send, problem)
            return
        await app(self._inner_scope(scope, authorization, route), receive, send)

    async def _authorization(self, scope: Scope) -> bytes | None:
        """The header for the service, None for an anonymous caller."""
        headers = read_headers(scope["headers"])
        credential = headers.credential
        if credential is None:
            return None
        return await self._exchanged(credential, headers, scope["method"])

    async def _exchanged(self, credential: Credential, headers: Headers, method: str) -> bytes:
        exchanged = await self._exchange.exchange(credential)
        if exchanged.csrf_token is not None and method not in SAFE_METHODS:
            refuse_forgery(headers, exchanged.csrf_token, self._settings.public_url)
        return exchanged.authorization

    def _inner_scope(self, scope: Scope, authorization: bytes | None, route: Route) -> Scope:
        """A copy without the credential, and with the token instead of it.

        A public route of a service reads its own `Authorization`, such as that of a shop's hook; the gateway's public
        routes are those where people sign in.
        """
        removed = _CREDENTIALS if route.kind is not Kind.PUBLIC else _COOKIE if route.service != GATEWAY else _NOTHING
        headers = [
            (name, value)
            for name, value in scope["headers"]
            if name not in removed and name != _FORWARDED and not name.startswith(b"x-heed-")
        ]
        if authorization is not None:
            headers.append((b"authorization", authorization))
        inner = {**scope, "headers": headers}
        if self._behind_edge:
            inner["client"] = _client_named_by_edge(scope)
        return inner

    async def _refused(self, scope: Scope, receive: Receive, send: Send, problem: Exception) -> None:
        scope = {**scope, "heed.refusal": problem}
        if isinstance(problem, UnknownCredential) and not any(name == b"authorization" for name, _ in scope["headers"]):
            # A browser would send the dead cookie with each request, even to sign in again.
            scope["heed.headers"] = {"Set-Cookie": expired_cookie(self._settings)}
        await self._refuse(scope, receive, send)

    async def _readiness(self, scope: Scope, receive: Receive, send: Send) -> None:
        names = list(self._upstreams)
        found = await asyncio.gather(*(_readiness_of(app) for app in self._upstreams.values()))
        order = ("ready", "degraded", "unavailable")
        worst = max(found, key=lambda one: order.index(one.status)).status
        whole = WholeReadiness(status=worst, services=dict(zip(names, found, strict=True)))
        status = 503 if worst == "unavailable" else 200
        await Response(whole.model_dump_json(), status, media_type="application/json")(scope, receive, send)


async def _readiness_of(app: ASGIApp) -> ServiceReadiness:
    try:
        _, document = await LocalUpstream(app).get_json(READYZ, expected=frozenset({200, 503}))
        return ServiceReadiness.model_validate(document)
    except (UpstreamSilent, ValueError) as problem:
        return ServiceReadiness(status="unavailable", checks=[{"name": "service", "ok": False, "detail": str(problem)}])


async def _raise_refusal(scope: Scope, receive: Receive, send: Send) -> None:
    raise scope["heed.refusal"]


def _client_named_by_edge(scope: Scope) -> tuple[str, int] | None:
    """nginx overwrites the header, so its value is nobody else's word."""
    for name, value in scope["headers"]:
        if name == _FORWARDED:
            return value.decode("latin-1"), 0
    client: tuple[str, int] | None = scope.get("client")
    return client
