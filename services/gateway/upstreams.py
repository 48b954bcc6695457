"""How the gateway reaches a service: the application in the same process, or its address."""

from collections.abc import Mapping
from typing import Any, Protocol

import httpx
from starlette.types import ASGIApp

from services.gateway.settings import GatewaySettings
from shared.service import Runtime

TIMEOUT_SECONDS = 3.0
BULK_TIMEOUT_SECONDS = 30.0
# Never looked up: it only stands where HTTP wants a host.
_NOWHERE = "http://heed.invalid"


class UpstreamSilent(Exception):
    """The service did not answer, or not with what was asked for."""


class Upstream(Protocol):
    async def get_json(self, path: str, *, expected: frozenset[int] = frozenset({200})) -> tuple[int, Any]:
        """Status and document. Raises `UpstreamSilent`, also for a status that is not expected."""
        ...

    async def get_bytes(self, path: str, headers: Mapping[str, str]) -> bytes:
        """The body of a good answer. Raises `UpstreamSilent` for any other."""
        ...


class LocalUpstream:
    """A service in this process. Requests of clients are handed to `app` itself, so that streams stay streams."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def get_json(self, path: str, *, expected: frozenset[int] = frozenset({200})) -> tuple[int, Any]:
        return await _get_json(httpx.ASGITransport(self.app), _NOWHERE, path, expected)

    async def get_bytes(self, path: str, headers: Mapping[str, str]) -> bytes:
        return await _get_bytes(httpx.ASGITransport(self.app), _NOWHERE, path, headers)


class RemoteUpstream:
    """A service in another container; nginx carries the requests of clients there."""

    def __init__(self, url: str) -> None:
        self.url = url

    async def get_json(self, path: str, *, expected: frozenset[int] = frozenset({200})) -> tuple[int, Any]:
        return await _get_json(httpx.AsyncHTTPTransport(), self.url, path, expected)

    async def get_bytes(self, path: str, headers: Mapping[str, str]) -> bytes:
        return await _get_bytes(httpx.AsyncHTTPTransport(), self.url, path, headers)


def upstreams_of(runtime: Runtime, own: ASGIApp) -> Mapping[str, Upstream]:
    """All services that can be asked: those behind this process's door, and those whose address is set."""
    settings: GatewaySettings = runtime.settings
    local: Mapping[str, ASGIApp] = runtime.state.get("upstreams", {})
    remote = {name: RemoteUpstream(url) for name, url in settings.upstream_urls.items()}
    return {**remote, "gateway": LocalUpstream(own), **{name: LocalUpstream(app) for name, app in local.items()}}


async def _get_json(
    transport: httpx.AsyncBaseTransport, base: str, path: str, expected: frozenset[int]
) -> tuple[int, Any]:
    try:
        async with httpx.AsyncClient(transport=transport, base_url=base, timeout=TIMEOUT_SECONDS) as client:
            answer = await client.get(path)
            if answer.status_code not in expected:
                raise UpstreamSilent(f"answered {answer.status_code}")
            return answer.status_code, answer.json()
    except (httpx.HTTPError, ValueError, OSError) as problem:
        raise UpstreamSilent(type(problem).__name__) from problem


async def _get_bytes(transport: httpx.AsyncBaseTransport, base: str, path: str, headers: Mapping[str, str]) -> bytes:
    try:
        async with httpx.AsyncClient(transport=transport, base_url=base, timeout=BULK_TIMEOUT_SECONDS) as client:
            answer = await client.get(path, headers=headers)
            if answer.status_code != 200:
                raise UpstreamSilent(f"answered {answer.status_code}")
            return answer.content
    except (httpx.HTTPError, OSError) as problem:
        raise UpstreamSilent(type(problem).__name__) from problem
