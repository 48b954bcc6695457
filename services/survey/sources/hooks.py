"""`/hooks/{token}`: where senders send. Verified on the raw bytes, kept as it came, answered; read later.

A plain Starlette route, as the intake of responses is. Senders act on the status: 401 and 404 make them try again and
tell their owner, while 403 and 406 would make some of them stop for good, so those are never sent; 410 says that the
source was removed.
"""

from collections.abc import Callable
from typing import Final, TypeVar
from urllib.parse import parse_qsl

from fastapi import Request, Response
from prometheus_client import Counter
from starlette.routing import Route

from services.survey.adapters.base import (
    Connection,
    Handshake,
    KeysNeeded,
    PlatformBusy,
    PlatformDown,
    Received,
    Rejected,
    Verified,
)
from services.survey.adapters.platform import GuardedPlatform
from services.survey.sources.addresses import url_of
from services.survey.sources.doors import Door
from services.survey.sources.intake import Hooks, hooks_of
from shared.http.dependencies import runtime_of
from shared.http.egress import guarded_client
from shared.http.errors import Gone, NotFound, TooLarge, Unauthenticated, Unavailable, WrongMethod
from shared.http.routing import Plain
from shared.service import Runtime

LARGEST: Final = 31_457_280
UNDECLARED: Final = 1_048_576
TAKEN = Counter("heed_deliveries_total", "Signed requests of senders.", ("adapter", "scheme", "outcome"))
REFUSED = Counter("heed_deliveries_refused_total", "Requests that were not signed as agreed.", ("adapter", "reason"))
T = TypeVar("T")


class UnknownAddress(NotFound):
    """Nobody has this address, or no longer."""

    code = "unknown_address"


class SourceRemoved(Gone):
    """This source was removed. Stop sending here."""

    code = "source_removed"


class BadSignature(Unauthenticated):
    """The signature is not the one that was agreed. The source's page says why requests were refused."""

    code = "bad_signature"


async def receive(request: Request) -> Response:
    """What a sender sends, or asks to see whether somebody is at home."""
    runtime = runtime_of(request)
    hooks = hooks_of(runtime)
    door = await hooks.doors.at(request.path_params["token"])
    if door is None:
        raise UnknownAddress
    if door.is_removed:
        raise SourceRemoved
    request.scope["heed.headers"] = request.app.state.limiter.take(f"source:{door.source_id}")
    if request.method == "HEAD":
        return Response()
    declared = _declared(request)
    # One that does not say how much it sends is believed to send much.
    async with hooks.room_for(UNDECLARED if declared is None else declared):
        body = await _body(request, door.adapter.largest)
        return await _answer(request, runtime, hooks, door, _received(request, runtime, body))


async def _answer(request: Request, runtime: Runtime, hooks: Hooks, door: Door, received: Received) -> Response:
    connections = door.connections(received.at)
    if not connections:
        # Its owner sees what its settings are wanting; nothing is lost meanwhile, since the sender tries again.
        raise Unavailable("This source's settings are not complete.", retry_after=60)
    try:
        handshake = _first(connections, lambda each: door.adapter.handshake(received, each))
        if handshake is not None:
            return _said(handshake)
        if received.method != "POST":
            request.scope["heed.headers"] |= {"Allow": "POST, HEAD"}
            raise WrongMethod
        verified = await _verified(runtime, door, received, connections)
        outcome = await hooks.keep(door, received, verified, request.scope["state"]["traceparent"])
        TAKEN.labels(door.adapter.name, verified.scheme, outcome).inc()
        if outcome == "replayed":
            raise Rejected("replayed")
    except Rejected as refused:
        REFUSED.labels(door.adapter.name, refused.reason).inc()
        hooks.rejections.count(door.account_id, door.source_id, refused.reason)
        raise BadSignature from None
    return _said(door.adapter.accepted)


async def _verified(runtime: Runtime, door: Door, received: Received, connections: tuple[Connection, ...]) -> Verified:
    """Raises `Rejected`, or `Unavailable` while a sender's public keys cannot be had: it sends again then."""
    try:
        return _first(connections, lambda each: door.adapter.verify(received, each))
    except KeysNeeded:
        try:
            await door.adapter.prepare(GuardedPlatform(guarded_client(runtime), runtime.clock), connections[0])
            return _first(connections, lambda each: door.adapter.verify(received, each))
        except (KeysNeeded, PlatformBusy, PlatformDown):
            raise Unavailable("The keys of this sender cannot be fetched at the moment.", retry_after=60) from None


def _first(connections: tuple[Connection, ...], ask: Callable[[Connection], T]) -> T:
    """With the present secrets, or else those of before; what the present ones say counts if neither fits."""
    refused: Rejected | None = None
    for connection in connections:
        try:
            return ask(connection)
        except Rejected as problem:
            refused = refused or problem
    assert refused is not None
    raise refused


def _received(request: Request, runtime: Runtime, body: bytes) -> Received:
    query = request.scope["query_string"].decode("latin-1")
    url = url_of(runtime.settings, request.path_params["token"])
    return Received(
        method=request.method,
        url=f"{url}?{query}" if query else url,
        headers=tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in request.headers.raw),
        query=tuple(parse_qsl(query, keep_blank_values=True)) if query else (),
        body=body,
        at=runtime.clock.now(),
        client=_client(request),
    )


def _client(request: Request) -> str | None:
    """The edge overwrites the header, or takes it away: what stands there is nobody else's word."""
    named = request.headers.get("x-forwarded-for")
    return named or (request.client.host if request.client else None)


async def _body(request: Request, largest: int) -> bytes:
    """Raises `TooLarge` for more than this sender ever sends."""
    if (_declared(request) or 0) > largest:
        raise TooLarge(f"At most {largest} bytes are accepted here.")
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > largest:
            raise TooLarge(f"At most {largest} bytes are accepted here.")
        chunks.append(chunk)
    return b"".join(chunks)


def _declared(request: Request) -> int | None:
    """How many bytes a sender says that it will send; None if it does not."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and len(declared) < 12:
        return int(declared)
    return None if "transfer-encoding" in request.headers else 0


def _said(answer: Handshake) -> Response:
    return Response(answer.body, media_type=answer.media_type, headers={"Cache-Control": "no-store"})


ROUTES: Final = (Route("/hooks/{token}", Plain(receive), methods=["GET", "POST"], name="receive"),)
