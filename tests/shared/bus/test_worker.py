"""The worker as a whole: from one service's commit to another's effect, and a clean end."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest

from shared.bus.consumer import subscribe
from shared.bus.events import Event
from shared.bus.subscriptions import Timer, on
from shared.bus.transport import Outgoing, TransportDown
from shared.bus.worker import run_worker, run_workers
from shared.clock import SystemClock
from shared.contracts.gateway import UserRemoved
from shared.ids import new_id
from shared.service import Runtime
from shared.work import Work, open_work
from tests.shared.bus.conftest import RuntimeFactory
from tests.shared.bus.probe import TESTER, effects, note, until


async def stop(*workers: asyncio.Task[None]) -> None:
    for worker in workers:
        worker.cancel()
    await asyncio.wait(workers)


class TestWorker:
    async def test_an_event_travels_from_commit_to_effect(self, runtime_of: RuntimeFactory, account: UUID) -> None:
        async def remove(work: Work, event: Event[UserRemoved]) -> None:
            await note(work, event.id, "removed")

        runtime = runtime_of([on(UserRemoved, remove)], clock=SystemClock())
        await subscribe(runtime)
        worker = asyncio.create_task(run_worker(runtime))
        async with open_work(runtime.database, account, TESTER, clock=runtime.clock) as work:
            for _ in range(250):
                work.emit(UserRemoved(user_id=new_id()), subject=new_id())

        async def arrived() -> bool:
            return len(await effects(runtime, account)) == 250

        await until(arrived)
        await stop(worker)

    async def test_a_timer_fires_by_itself(self, runtime_of: RuntimeFactory, account: UUID) -> None:
        async def ring(work: Work, timer: Timer) -> None:
            await note(work, timer.id, "rang")

        runtime = runtime_of(timers={"probe.bell": ring}, clock=SystemClock())
        worker = asyncio.create_task(run_worker(runtime))
        async with open_work(runtime.database, account, TESTER, clock=runtime.clock) as work:
            await work.schedule("probe.bell", key="x", due_at=work.now + timedelta(milliseconds=200))

        async def rang() -> bool:
            return await effects(runtime, account) == ["rang"]

        await until(rang)
        await stop(worker)

    async def test_a_loop_that_fails_is_started_again(self, runtime_of: RuntimeFactory) -> None:
        starts = 0

        async def stumble(runtime: Runtime) -> None:
            nonlocal starts
            starts += 1
            raise RuntimeError

        worker = asyncio.create_task(run_worker(runtime_of(loops=[stumble], clock=SystemClock())))
        await until(lambda: starts >= 2)
        await stop(worker)

    async def test_loops_of_the_same_name_all_run(self, runtime_of: RuntimeFactory) -> None:
        running: set[str] = set()

        class Bell:
            def __init__(self, tone: str) -> None:
                self.tone = tone

            async def run(self, runtime: Runtime) -> None:
                running.add(self.tone)
                await asyncio.Event().wait()

        worker = asyncio.create_task(run_worker(runtime_of(loops=[Bell("high").run, Bell("low").run])))
        await until(lambda: running == {"high", "low"})
        await stop(worker)

    async def test_what_has_begun_ends_before_the_worker_does(self, runtime_of: RuntimeFactory, account: UUID) -> None:
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def work_slowly(work: Work, event: Event[UserRemoved]) -> None:
            begun.set()
            await go_on.wait()
            await note(work, event.id, "finished")

        runtime = runtime_of([on(UserRemoved, work_slowly)], clock=SystemClock())
        await subscribe(runtime)
        worker = asyncio.create_task(run_worker(runtime))
        async with open_work(runtime.database, account, TESTER, clock=runtime.clock) as work:
            work.emit(UserRemoved(user_id=new_id()), subject=new_id())
        await asyncio.wait_for(begun.wait(), 10)
        worker.cancel()
        asyncio.get_running_loop().call_later(0.2, go_on.set)
        await asyncio.wait({worker})
        assert await effects(runtime, account) == ["finished"]


class TestSeveral:
    async def test_nothing_is_sent_before_every_queue_exists(
        self, runtime_of: RuntimeFactory, account: UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A broker that was down at the start comes back: the first relay must not be quicker than the last queue."""

        async def remove(work: Work, event: Event[UserRemoved]) -> None:
            await note(work, event.id, "removed")

        early = runtime_of([on(UserRemoved, remove)], clock=SystemClock())
        late = runtime_of([on(UserRemoved, remove)], clock=SystemClock())
        tries = 0
        sent: list[object] = []

        async def record(events: Sequence[Outgoing]) -> None:
            sent.extend(events)

        async def refuse(queue: str, patterns: object) -> None:
            nonlocal tries
            tries += 1
            raise TransportDown("not yet")

        with monkeypatch.context() as broken:
            broken.setattr(late.transport, "subscribe", refuse)
            for runtime in (early, late):
                broken.setattr(runtime.transport, "publish", record)
            workers = asyncio.create_task(run_workers([early, late]))
            async with open_work(early.database, account, TESTER, clock=early.clock) as work:
                work.emit(UserRemoved(user_id=new_id()), subject=new_id())
            await until(lambda: tries >= 5)  # two loops try, each again after a pause
            assert sent == []

        async def arrived() -> bool:
            return await effects(early, account) == ["removed"]

        await until(arrived)
        await stop(workers)
