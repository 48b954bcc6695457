"""Where the services' API documents come from, and for how long they are remembered."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

import orjson
import structlog
from starlette.types import ASGIApp

from services.gateway.docs.openapi import Document, merged
from services.gateway.upstreams import Upstream, UpstreamSilent, upstreams_of
from shared.service import Runtime

REMEMBERED = timedelta(minutes=1)
# Some service was silent: ask again soon.
REMEMBERED_IN_PART = timedelta(seconds=5)

log = structlog.get_logger(__name__)


class APIDocument:
    """The merged document as bytes. A service that does not answer is left out, and asked again a moment later."""

    def __init__(self, runtime: Runtime, own: ASGIApp) -> None:
        self._runtime = runtime
        self._own = own
        self._bytes = b""
        self._good_until: datetime | None = None
        self._renewing = asyncio.Lock()

    async def get(self) -> bytes:
        async with self._renewing:
            now = self._runtime.clock.now()
            if self._good_until is None or now >= self._good_until:
                upstreams = upstreams_of(self._runtime, self._own)
                documents = await self._collect(upstreams)
                self._bytes = orjson.dumps(merged(documents))
                self._good_until = now + (REMEMBERED if len(documents) == len(upstreams) else REMEMBERED_IN_PART)
            return self._bytes

    async def _collect(self, upstreams: Mapping[str, Upstream]) -> dict[str, Document]:
        found = await asyncio.gather(*(_document_of(name, upstream) for name, upstream in upstreams.items()))
        return {name: document for name, document in zip(upstreams, found, strict=True) if document is not None}


async def _document_of(service: str, upstream: Upstream) -> Document | None:
    try:
        _, document = await upstream.get_json("/openapi.json")
    except UpstreamSilent as problem:
        log.warning("no_api_document", upstream=service, error=str(problem))
        return None
    found: Document = document
    return found
