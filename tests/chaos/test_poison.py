"""R-15: what is too large, unreadable or failing goes aside with its reason; what is healthy and behind it goes on."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import select

from shared.bus.consumer import id_of_unreadable, subscribe
from shared.bus.dead_letters import list_dead
from shared.bus.events import Event
from shared.bus.inbox import LAST_ATTEMPT
from shared.bus.subscriptions import on
from shared.bus.worker import run_worker
from shared.contracts.gateway import APIKeyCreated
from shared.ids import new_id
from shared.service import Runtime, open_runtime
from shared.testing.clock import FrozenClock
from shared.work import Work
from tests.chaos.conftest import Stand
from tests.shared.bus.probe import note, probe, until

HEALTHY = 200
LARGE = "x" * 5_000_000
FAILS = "fails"
BROKEN = b'{"type":"heed.gateway.api-key.created.v1","cut off'


async def effect(work: Work, event: Event[APIKeyCreated]) -> None:
    if event.data.name in (FAILS, LARGE):
        raise RuntimeError("cannot be done")
    await note(work, event.id, event.data.name)


class TestPoison:
    @pytest.mark.slow
    async def test_goes_aside_and_holds_up_nobody(self, stand: Stand) -> None:
        """Seen to fail: where one bad event takes its whole batch with it, the healthy ones are never done."""
        service = probe([on(APIKeyCreated, effect)])
        settings = stand.databases.settings(service, rabbitmq_url=stand.rabbitmq_url, bus_prefix=stand.prefix)
        clock = FrozenClock()
        runtime = open_runtime(service, settings, clock=clock)
        await subscribe(runtime)
        worker = asyncio.create_task(run_worker(runtime))
        try:
            failing = await self.put_in(stand)
            healthy = set(stand.ids) - failing

            async def healthy_done() -> bool:
                return set(await stand.effects()) == healthy

            await until(healthy_done, seconds=30)
            for attempt in range(1, LAST_ATTEMPT):
                await until(partial(self.have_failed, runtime, failing, attempt), seconds=30)
                clock.advance(timedelta(minutes=20))
            await until(partial(self.have_failed, runtime, failing, LAST_ATTEMPT), seconds=30)
            letters = {UUID(letter.id): letter for letter in await list_dead(runtime)}
            unreadable = letters.pop(id_of_unreadable(BROKEN))
            assert unreadable.reason.startswith("not JSON")
            assert {letters[event_id].reason for event_id in failing} == {"RuntimeError: cannot be done"}
            assert await stand.effects() == dict.fromkeys(healthy, 1)
        finally:
            worker.cancel()
            with suppress(asyncio.CancelledError):
                await worker
            await runtime.transport.close()
            await runtime.database.close()

    async def put_in(self, stand: Stand) -> set[UUID]:
        """Bad ones among healthy ones. Returns the ids of those that can be read and will fail."""
        await stand.commit_events(20)
        failing = set()
        for name in (LARGE, FAILS):
            await stand.commit_events(1, name)
            failing.add(stand.ids[-1])
        insert = "insert into probe.outbox (event_id, account_id, type, body) values ($1, $2, $3, $4)"
        await (await stand.admin()).execute(insert, new_id(), stand.account, APIKeyCreated.TYPE, BROKEN)
        await stand.commit_events(HEALTHY)
        return failing

    async def have_failed(self, runtime: Runtime, failing: set[UUID], attempts: int) -> bool:
        inbox = runtime.database.tables.inbox
        async with runtime.database.transaction(None) as session:
            query = select(inbox.c.attempts).where(inbox.c.event_id.in_(failing))
            return list(await session.scalars(query)) == [attempts] * len(failing)
