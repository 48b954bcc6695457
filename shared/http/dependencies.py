"""What endpoints ask for: a Work with a scope, the runtime, an If-Match."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypeVar
from uuid import UUID

import structlog
from fastapi import Depends, Header, Request
from fastapi.openapi.models import HTTPBearer
from fastapi.params import Security
from fastapi.security.base import SecurityBase
from pydantic import BaseModel, ValidationError
from starlette.responses import Response

from shared.arrivals import arrived
from shared.auth.scopes import ALL
from shared.auth.tokens import Principal
from shared.bus.events import Actor
from shared.http.errors import Forbidden, StaleVersion, Unacceptable, Unauthenticated
from shared.http.idempotency import claim_key
from shared.ids import new_id
from shared.service import Runtime
from shared.work import Work, open_work

B = TypeVar("B", bound=BaseModel)
Seconds = Callable[[Any], float]


def runtime_of(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime


async def _runtime(request: Request) -> Runtime:
    # FastAPI sends a dependency that is no coroutine to a thread, which costs more than most of them do.
    return runtime_of(request)


RuntimeDep = Annotated[Runtime, Depends(_runtime)]


def authenticate(request: Request, scope: str | None) -> Principal:
    """The caller, if the token is good and carries the scope (if one is named); counts against the caller's rate limit.

    Raises `Unauthenticated`, `Forbidden` or `TooMany`.
    """
    runtime = runtime_of(request)
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token:
        raise Unauthenticated
    principal = runtime.verifier.verify(token.strip(), now=runtime.clock.now())
    structlog.contextvars.bind_contextvars(account=str(principal.account_id), actor=str(principal.actor))
    request.scope["heed.headers"] = request.app.state.limiter.take(principal.credential)
    request.scope["heed.principal"] = principal
    if scope is not None and scope not in principal.scopes:
        raise Forbidden(f"This needs the scope `{scope}`, which your credential does not have.")
    return principal


First = Callable[[Request, Principal], Awaitable[None]]


class WorkDependency(SecurityBase):
    """Opens the Work of one request, commits it before the answer, and remembers idempotent answers in it.

    `first` is awaited before that, once the caller is known: for what may take its time, while no connection is held.
    It is a `SecurityBase` so that the scope shows in the OpenAPI document.
    """

    def __init__(self, scope: str | None, first: First | None = None) -> None:
        if scope is not None and scope not in ALL:
            raise ValueError(f"{scope!r} is not a scope; see shared/auth/scopes.py")
        self.scope = scope
        self.first = first
        self.model = HTTPBearer(bearerFormat="JWT")
        self.scheme_name = "bearer"

    async def __call__(self, request: Request) -> AsyncIterator[Work]:
        principal = authenticate(request, self.scope)
        if self.first is not None:
            await self.first(request, principal)
        async with _work(request, principal.account_id, principal.actor) as work:
            pending = await claim_key(request, work, principal.credential)
            if pending is not None:
                request.scope["heed.idempotency"] = pending
            yield work


def work_with(scope: str | None, *, first: First | None = None) -> Any:
    """`Annotated[Work, work_with("tickets:write")]`. Function scope: committed before the answer is sent.

    None is for what anybody with a good credential may do, whatever its scopes.
    """
    return Security(WorkDependency(scope, first), scope="function", scopes=[scope] if scope else [])


def principal_of(request: Request) -> Principal:
    """The caller, for an endpoint that has a Work: dependencies are resolved before its body runs."""
    principal: Principal = request.scope["heed.principal"]
    return principal


def after(body: type[B], has_arrived: Callable[[Work, B], Awaitable[bool]], *, seconds: Seconds) -> First:
    """Wait until what the body names has arrived here; after `seconds` go on without. Looks in short transactions of
    its own, so that a thousand who wait in vain keep no connection from anybody else."""

    async def wait(request: Request, principal: Principal) -> None:
        try:
            named = body.model_validate_json(await request.body())
        except ValidationError:  # the endpoint will say so
            return

        async def look() -> bool | None:
            async with _work(request, principal.account_id, principal.actor) as work:
                return await has_arrived(work, named) or None

        await arrived(look, seconds=seconds(runtime_of(request).settings))

    return wait


@asynccontextmanager
async def public_work(request: Request, account_id: UUID, actor: Actor) -> AsyncIterator[Work]:
    """For pages whose link is the credential. Leave the block, and so commit, before returning the answer."""
    async with _work(request, account_id, actor) as work:
        yield work


@asynccontextmanager
async def _work(request: Request, account_id: UUID, actor: Actor) -> AsyncIterator[Work]:
    runtime = runtime_of(request)
    traceparent = request.scope.get("state", {}).get("traceparent")
    async with open_work(
        runtime.database, account_id, actor, clock=runtime.clock, correlation_id=new_id(), traceparent=traceparent
    ) as work:
        yield work


def set_etag(response: Response, version: int) -> None:
    """The version of what is answered, for the next `If-Match`."""
    response.headers["ETag"] = f'"{version}"'


async def if_match(header: Annotated[str | None, Header(alias="If-Match", max_length=50)] = None) -> int | None:
    if header is None or header == "*":
        return None
    bare = header.removeprefix("W/").strip('"')
    if not bare.isdigit():
        raise Unacceptable.field("header:If-Match", "etag", 'Send the ETag you were given, such as "3".')
    return int(bare)


IfMatch = Annotated[int | None, Depends(if_match)]


def check_match(expected: int | None, version: int) -> None:
    """Raises `StaleVersion` if the caller edits an older version than the present one."""
    if expected is not None and expected != version:
        raise StaleVersion
