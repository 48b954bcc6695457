"""How the server ends: what was begun is finished, and nobody's open stream holds it up."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from services.server import GRACE_SECONDS, serve


class Site:
    """A slow answer and an endless one."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()
        self.stream_closed = asyncio.Event()
        self.app = Starlette(
            routes=[Route("/slow", self.slow, methods=["POST"]), Route("/stream", self.stream)],
        )

    async def slow(self, request: Request) -> Response:
        body = await request.body()
        self.begun.set()
        await self.may_end.wait()
        return PlainTextResponse(body)

    async def stream(self, request: Request) -> Response:
        async def lines() -> AsyncIterator[str]:
            try:
                yield ": listening\n\n"
                self.begun.set()
                await asyncio.Event().wait()
            finally:
                self.stream_closed.set()

        return StreamingResponse(lines(), media_type="text/event-stream")


@asynccontextmanager
async def served(site: Site) -> AsyncIterator[tuple[str, asyncio.Task[None]]]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = asyncio.create_task(serve(site.app, listening))
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}", serving
        finally:
            if not serving.cancelling():  # a second one would not wait for the end
                serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving


class TestStopping:
    async def test_a_request_under_way_is_answered(self) -> None:
        site = Site()
        async with served(site) as (url, serving), httpx.AsyncClient(base_url=url) as client:
            answer = asyncio.create_task(client.post("/slow", content="kept"))
            await site.begun.wait()
            serving.cancel()
            site.may_end.set()
            assert (await answer).text == "kept"

    async def test_an_open_stream_is_closed_at_once(self) -> None:
        site = Site()
        async with served(site) as (url, serving), httpx.AsyncClient(base_url=url) as client:
            async with client.stream("GET", "/stream"):
                await site.begun.wait()
                serving.cancel()
                async with asyncio.timeout(GRACE_SECONDS / 2):
                    await site.stream_closed.wait()
                    await asyncio.wait({serving})
