"""A TCP proxy in front of a server, for outages on demand: refused, cut, or silent (half-open)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit, urlunsplit


class Proxy:
    """`await down()` refuses and cuts; `silence()` keeps connections open and carries nothing; `await up()` mends.

    `mute()` still carries what clients ask, and holds back every answer.
    """

    def __init__(self, url: str, default_port: int) -> None:
        parts = urlsplit(url)
        self._target = (parts.hostname or "127.0.0.1", parts.port or default_port)
        self._parts = parts
        self._server: asyncio.Server | None = None
        self._port = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._pipes: set[asyncio.Task[None]] = set()
        self._asking, self._answering = asyncio.Event(), asyncio.Event()
        self._carry_all()

    @property
    def url(self) -> str:
        """The server's URL, through the proxy."""
        login = self._parts.netloc.rpartition("@")[0]
        netloc = f"{login}@127.0.0.1:{self._port}" if login else f"127.0.0.1:{self._port}"
        return urlunsplit(self._parts._replace(netloc=netloc))

    async def up(self) -> None:
        self._carry_all()
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
            self._port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._writers):
            writer.transport.abort()
        self._carry_all()
        if self._pipes:
            await asyncio.wait(self._pipes)

    def silence(self) -> None:
        self._asking.clear()
        self._answering.clear()

    def mute(self) -> None:
        self._answering.clear()

    def _carry_all(self) -> None:
        self._asking.set()
        self._answering.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            onward_reader, onward_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        ways = (reader, onward_writer, self._asking), (onward_reader, writer, self._answering)
        for source, target, carrying in ways:
            self._writers.add(target)
            pipe = asyncio.create_task(self._carry(source, target, carrying))
            self._pipes.add(pipe)
            pipe.add_done_callback(self._pipes.discard)
        if self._server is None:
            # It went down while the connection was being made.
            writer.transport.abort()
            onward_writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, carrying: asyncio.Event) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                await carrying.wait()
                writer.write(data)
                await writer.drain()
        writer.close()
        self._writers.discard(writer)


@asynccontextmanager
async def proxied(url: str, default_port: int) -> AsyncIterator[Proxy]:
    proxy = Proxy(url, default_port)
    await proxy.up()
    try:
        yield proxy
    finally:
        await proxy.down()
