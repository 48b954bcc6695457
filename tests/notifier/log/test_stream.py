"""`/v1/events/stream`, over a real socket, as a partner's program reads it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx
import pytest
import uvicorn

from services.notifier.app import SERVICE
from services.notifier.log import stream
from services.notifier.log.repository import TypeFilter
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.notifier.builders import feedback, published

DEADLINE_SECONDS = 10


@pytest.fixture
async def address(notifier: Harness) -> AsyncIterator[str]:
    """Where the notifier's application listens."""
    config = uvicorn.Config(notifier.app, host="127.0.0.1", port=0, lifespan="off", log_config=None, ws="none")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve())
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not server.started:
            await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = server.force_exit = True
    await task


class Listener:
    """Reads the stream line by line; `ids` and `data` are what a browser's EventSource would have."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines

    async def next_event(self) -> tuple[int, str]:
        event_id, data = 0, ""
        async with asyncio.timeout(DEADLINE_SECONDS):
            async for line in self._lines:
                if line.startswith("id: "):
                    event_id = int(line[4:])
                elif line.startswith("data: "):
                    data = line[6:]
                elif not line and data:
                    return event_id, data
        raise AssertionError("the stream ended")

    async def next_line(self) -> str:
        async with asyncio.timeout(DEADLINE_SECONDS):
            return await anext(self._lines)


@asynccontextmanager
async def listening(
    notifier: Harness, address: str, account: UUID, *, query: str = "", headers: dict[str, str] | None = None
) -> AsyncIterator[Listener]:
    token = notifier.client("events:read", account=account).headers["Authorization"]
    async with httpx.AsyncClient(base_url=address, timeout=DEADLINE_SECONDS) as client:
        sent = {"Authorization": token} | (headers or {})
        async with client.stream("GET", f"/v1/events/stream{query}", headers=sent) as response:
            assert response.status_code == 200, await response.aread()
            assert response.headers["content-type"].startswith("text/event-stream")
            yield Listener(response.aiter_lines())


class TestWhoMayListen:
    async def test_nobody_anonymous(self, notifier: Harness) -> None:
        assert (await notifier.anonymous().get("/v1/events/stream")).status_code == 401

    async def test_nobody_without_the_scope(self, notifier: Harness, account: UUID) -> None:
        assert (await notifier.client("rules:read", account=account).get("/v1/events/stream")).status_code == 403

    async def test_another_accounts_events_do_not_come(self, notifier: Harness, address: str, account: UUID) -> None:
        async with listening(notifier, address, account, query="?after=0") as listener:
            await notifier.deliver(published(), account=new_id())
            mine = await notifier.deliver(published(), account=account)
            assert str(mine.id) in (await listener.next_event())[1]


class TestListening:
    async def test_brings_events_as_they_happen_with_the_feeds_own_bytes(
        self, notifier: Harness, address: str, account: UUID
    ) -> None:
        async with listening(notifier, address, account) as listener:
            await listener.next_line()
            event = await notifier.deliver(published(), account=account)
            event_id, data = await listener.next_event()
        assert event_id == 1
        assert data.encode() == event.raw[:-1] + b',"sequence":1}'

    async def test_goes_on_where_it_was_interrupted(self, notifier: Harness, address: str, account: UUID) -> None:
        for _ in range(3):
            await notifier.deliver(published(), account=account)
        async with listening(notifier, address, account, query="?after=0") as listener:
            assert (await listener.next_event())[0] == 1
        for _ in range(2):
            await notifier.deliver(published(), account=account)
        # The header is newer than the address that the browser connects to again.
        async with listening(notifier, address, account, query="?after=0", headers={"Last-Event-ID": "1"}) as listener:
            assert [(await listener.next_event())[0] for _ in range(4)] == [2, 3, 4, 5]

    async def test_skips_nothing_while_events_pour_in(self, notifier: Harness, address: str, account: UUID) -> None:
        async with listening(notifier, address, account, query="?after=0") as listener:
            batches = [[notifier.event(published(), account=account) for _ in range(25)] for _ in range(8)]
            pouring = asyncio.gather(*(notifier.deliver_raw(batch) for batch in batches))
            seen = [(await listener.next_event())[0] for _ in range(200)]
            await pouring
        assert seen == list(range(1, 201))

    async def test_filters_by_type(self, notifier: Harness, address: str, account: UUID) -> None:
        await notifier.deliver(published(), account=account)
        await notifier.deliver(feedback(notifier.clock.now()), account=account)
        async with listening(notifier, address, account, query="?after=0&types=heed.survey.feedback.*") as listener:
            assert (await listener.next_event())[0] == 2

    async def test_breathes_while_nothing_happens_and_holds_no_connection(
        self, notifier: Harness, address: str, account: UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.1)
        async with listening(notifier, address, account) as listener:
            comments = 0
            while comments < 3:
                comments += (await listener.next_line()).startswith(":")
            pool: Any = notifier.runtime.database.engine.pool
            assert pool.checkedout() == 0

    @pytest.mark.parametrize("value", ["-1", "x", "1.5", "9" * 30])
    async def test_refuses_a_last_event_id_that_is_none(self, notifier: Harness, account: UUID, value: str) -> None:
        answer = await notifier.client(account=account).get("/v1/events/stream", headers={"Last-Event-ID": value})
        assert answer.status_code == 422


class TestTooManyListeners:
    async def test_are_refused_with_429_until_one_goes(self, harness: Any, account: UUID) -> None:
        notifier = await harness(SERVICE, stream_connections=1)
        runtime = notifier.runtime
        first = stream.follow(runtime, stream.Subscription(account, 0, TypeFilter()))
        await anext(first)
        refused = await notifier.client(account=account).get("/v1/events/stream")
        assert refused.status_code == 429
        assert refused.headers["Retry-After"] == "10"
        await first.aclose()  # type: ignore[attr-defined]
        stream.admit(runtime, stream.Subscription(account, 0, TypeFilter()))
