"""The HTTP server around an application, and how it ends: requests under way are finished, streams closed at once."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

GRACE_SECONDS = 10
KEEP_ALIVE_SECONDS = 75


async def serve(app: ASGIApp, listening: socket.socket) -> None:
    """Serve until cancelled; requests under way may end. A second cancellation does not wait for them."""
    stopping = asyncio.Event()
    config = uvicorn.Config(
        streams_end_with(stopping, app),
        lifespan="off",
        loop="none",
        http="httptools",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        stopping.set()
        server.should_exit = True
        await serving
        raise


def streams_end_with(stopping: asyncio.Event, app: ASGIApp) -> ASGIApp:
    """Tells whoever still listens to a client after its whole request, which only a stream does, that it has gone.

    Without this an open event stream would hold up each stop for the whole time of grace.
    """

    async def stoppable(scope: Scope, receive: Receive, send: Send) -> None:
        complete = False

        async def receive_or_end() -> Message:
            nonlocal complete
            if complete:
                return await _first(receive, stopping)
            message = await receive()
            complete = not message.get("more_body", False)
            return message

        await app(scope, receive_or_end, send)

    return stoppable


async def _first(receive: Receive, stopping: asyncio.Event) -> Message:
    message, stop = asyncio.ensure_future(receive()), asyncio.ensure_future(stopping.wait())
    try:
        await asyncio.wait({message, stop}, return_when=asyncio.FIRST_COMPLETED)
        return message.result() if message.done() else {"type": "http.disconnect"}
    finally:
        message.cancel()
        stop.cancel()


class _Server(uvicorn.Server):
    """Signals are the runner's: they end the server first, then the workers, and the database last."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
