"""A partner's server on loopback: real sockets, real HTTP, and every kind of misbehaviour."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Received:
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """`answer` is what it says to the next request: a status, or raw bytes, or a coroutine that writes by itself."""

    answer: int | bytes | Callable[[asyncio.StreamWriter], Awaitable[None]] = 200
    extra_headers: str = ""
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    most_at_once: int = 0
    port: int = 0
    _open: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?from=heed"

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open += 1
        self.most_at_once = max(self.most_at_once, self._open)
        try:
            await self._exchange(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._open -= 1
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lines = head.split("\r\n")[1:-2]
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.received.append(Received(headers, body))
        if callable(self.answer):
            await self.answer(writer)
            return
        if isinstance(self.answer, bytes):
            writer.write(self.answer)
        else:
            text = f"HTTP/1.1 {self.answer} X\r\n{self.extra_headers}Content-Length: 4\r\n\r\nseen"
            writer.write(text.encode())
        await writer.drain()


@asynccontextmanager
async def a_receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    server = await asyncio.start_server(receiver.handle, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        await server.wait_closed()
