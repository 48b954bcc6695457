"""What is due happens once, whoever does it."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from shared.bus.subscriptions import Timer, TimerBatch
from shared.bus.timers import LAST_ATTEMPT, _claim, _run_all, run_due_timers
from shared.contracts.base import ActorKind
from shared.ids import new_id
from shared.service import Runtime
from shared.testing.clock import FrozenClock
from shared.work import Work, open_work
from tests.shared.bus.conftest import RuntimeFactory
from tests.shared.bus.probe import TESTER, effects, note, rows

MINUTE = timedelta(minutes=1)
KIND = "probe.ring"


async def ring(work: Work, timer: Timer) -> None:
    await note(work, timer.id, f"rang for {timer.key} {timer.payload}")


async def fail(work: Work, timer: Timer) -> None:
    await note(work, timer.id, "half done")
    raise RuntimeError("no bell")


async def schedule(runtime: Runtime, account: UUID, key: str = "door", *, minutes: int = 1, **payload: object) -> None:
    async with open_work(runtime.database, account, TESTER, clock=runtime.clock) as work:
        await work.schedule(KIND, key=key, due_at=work.now + minutes * MINUTE, payload=payload)


async def cancel(runtime: Runtime, account: UUID, key: str = "door") -> None:
    async with open_work(runtime.database, account, TESTER, clock=runtime.clock) as work:
        await work.cancel(KIND, key=key)


class TestFiring:
    async def test_it_fires_when_due_and_not_before(self, runtime_of: RuntimeFactory, account: UUID) -> None:
        clock = FrozenClock()
        runtime = runtime_of(timers={KIND: ring}, clock=clock)
        await schedule(runtime, account, loud=True)
        assert await run_due_timers(runtime) == 0
        clock.advance(MINUTE)
        assert await run_due_timers(runtime) == 1
        assert await effects(runtime, account) == ["rang for door {'loud': True}"]
        assert await run_due_timers(runtime) == 0

    async def test_a_cancelled_timer_does_not_fire(self, runtime_of: RuntimeFactory, account: UUID) -> None:
        clock = FrozenClock()
        runtime = runtime_of(timers={KIND: ring}, clock=clock)
        await schedule(runtime, account)
        await cancel(runtime, account)
        clock.advance(MINUTE)
        assert await run_due_timers(runtime) == 0

    async def test_a_moved_timer_fires_once_at_its_new_time(self, runtime_of: RuntimeFactory, account: UUID) -> None:
        clock = FrozenClock()
        runtime = runtime_of(timers={KIND: ring}, clock=clock)
        await schedule(runtime, account, minutes=1, n=1)
        await schedule(runtime, account, minutes=2, n=2)
        clock.advance(MINUTE)
        assert await run_due_timers(runtime) == 0
        clock.advance(MINUTE)
        assert await run_due_timers(runtime) == 1
        assert await effects(runtime, account) == ["rang for door {'n': 2}"]

    async def test_a_timer_may_set_itself_again(self, runtime_of: RuntimeFactory, account: UUID) -> None:
        async def again(work: Work, timer: Timer) -> None:
            await note(work, timer.id, "rang")
            await work.schedule(KIND, key=timer.key, due_at=work.now + MINUTE)

        clock = FrozenClock()
        runtime = runtime_of(timers={KIND: again}, clock=clock)
        await schedule(runtime, account)
        for _ in range(3):
            clock.advance(MINUTE)
            assert await run_due_timers(runtime) == 1
        await cancel(runtime, account)

    async def test_many_replicas_fire_each_timer_once(self, runtime_of: RuntimeFactory, account: UUID) -> None:
        clock = FrozenClock()
        replicas = [runtime_of(timers={KIND: ring}, clock=clock) for _ in range(4)]
        for number in range(60):
            await schedule(replicas[0], account, key=str(number))
        clock.advance(MINUTE)
        fired = await asyncio.gather(*[run_due_timers(replica) for replica in replicas])
        assert sum(fired) == 60
        assert len(await effects(replicas[0], account)) == 60

    async def test_who_was_overtaken_does_nothing(self, runtime_of: RuntimeFactory, account: UUID) -> None:
        """The handler of the slow replica runs after its lease ended and another replica claimed the timer."""
        clock = FrozenClock()
        slow = runtime_of(timers={KIND: ring}, clock=clock)
        await schedule(slow, account)
        clock.advance(MINUTE)
        claims = await _claim(slow)
        clock.advance(timedelta(minutes=2))
        fast = runtime_of(timers={KIND: ring}, clock=clock)
        newer_claims = await _claim(fast)
        assert await _run_all(slow, claims) == 0
        assert await effects(fast, account) == []
        assert await _run_all(fast, newer_claims) == 1
        assert len(await effects(fast, account)) == 1


class TestFailing:
    async def test_it_is_tried_again_later_and_less_and_less_often(
        self, runtime_of: RuntimeFactory, account: UUID
    ) -> None:
        clock = FrozenClock()
        runtime = runtime_of(timers={KIND: fail}, clock=clock)
        await schedule(runtime, account)
        clock.advance(MINUTE)
        for seconds, attempts in ((0, 1), (4, 1), (1, 2), (9, 2), (1, 3)):
            clock.advance(timedelta(seconds=seconds))
            await run_due_timers(runtime)
            [row] = await rows(runtime, runtime.database.tables.timers, account)
            assert row.attempts == attempts
        assert await effects(runtime, account) == []
        await cancel(runtime, account)

    async def test_the_tenth_failure_is_the_last_and_leaves_its_reason(
        self, runtime_of: RuntimeFactory, account: UUID
    ) -> None:
        clock = FrozenClock()
        runtime = runtime_of(timers={KIND: fail}, clock=clock)
        await schedule(runtime, account)
        for _ in range(LAST_ATTEMPT + 2):
            clock.advance(timedelta(hours=2))
            await run_due_timers(runtime)
        [row] = await rows(runtime, runtime.database.tables.timers, account)
        assert (row.attempts, row.dead) == (10, "RuntimeError: no bell")

    async def test_a_kind_without_a_handler_waits_for_one(self, runtime_of: RuntimeFactory, account: UUID) -> None:
        clock = FrozenClock()
        older = runtime_of(timers={}, clock=clock)
        await schedule(older, account)
        clock.advance(MINUTE)
        assert await run_due_timers(older) == 0
        clock.advance(MINUTE)
        assert await run_due_timers(runtime_of(timers={KIND: ring}, clock=clock)) == 1

    async def test_work_for_a_timer_carries_on_its_correlation(self, runtime_of: RuntimeFactory, account: UUID) -> None:
        seen: list[Work] = []

        async def look(work: Work, timer: Timer) -> None:
            seen.append(work)

        clock, correlation = FrozenClock(), new_id()
        runtime = runtime_of(timers={KIND: look}, clock=clock)
        async with open_work(runtime.database, account, TESTER, clock=clock, correlation_id=correlation) as work:
            await work.schedule(KIND, key="door", due_at=work.now)
        await run_due_timers(runtime)
        assert seen[0].correlation_id == correlation
        assert seen[0].account_id == account
        assert seen[0].actor.kind == ActorKind.SYSTEM


class TestTogether:
    """Timers of a kind that is handled in batches."""

    async def test_those_of_one_account_share_a_transaction(self, runtime_of: RuntimeFactory, account: UUID) -> None:
        batches: list[list[str]] = []

        async def ring_all(work: Work, timers: Sequence[Timer]) -> None:
            batches.append(sorted(timer.key for timer in timers))

        clock, other = FrozenClock(), new_id()
        runtime = runtime_of(timers={KIND: TimerBatch(ring_all)}, clock=clock)
        for number in range(3):
            await schedule(runtime, account, key=str(number))
        await schedule(runtime, other, key="next door")
        clock.advance(MINUTE)
        assert await run_due_timers(runtime) == 4
        assert sorted(batches) == [["0", "1", "2"], ["next door"]]

    async def test_one_that_fails_holds_up_nobody(self, runtime_of: RuntimeFactory, account: UUID) -> None:
        async def ring_all(work: Work, timers: Sequence[Timer]) -> None:
            for timer in timers:
                await ring(work, timer)
                if timer.key == "broken":
                    raise RuntimeError("no bell")

        clock = FrozenClock()
        runtime = runtime_of(timers={KIND: TimerBatch(ring_all)}, clock=clock)
        for key in ("front", "broken", "back"):
            await schedule(runtime, account, key=key)
        clock.advance(MINUTE)
        assert await run_due_timers(runtime) == 2
        assert sorted(await effects(runtime, account)) == ["rang for back {}", "rang for front {}"]
        [row] = await rows(runtime, runtime.database.tables.timers, account)
        assert (row.key, row.attempts) == ("broken", 1)
        await cancel(runtime, account, key="broken")

    async def test_many_replicas_fire_each_once(self, runtime_of: RuntimeFactory, account: UUID) -> None:
        async def ring_all(work: Work, timers: Sequence[Timer]) -> None:
            for timer in timers:
                await ring(work, timer)

        clock = FrozenClock()
        replicas = [runtime_of(timers={KIND: TimerBatch(ring_all)}, clock=clock) for _ in range(3)]
        async with open_work(replicas[0].database, account, TESTER, clock=clock) as work:
            await work.schedule_all(KIND, {str(number): work.now for number in range(900)})
        fired = await asyncio.gather(*[run_due_timers(replica) for replica in replicas])
        assert sum(fired) == 900
        assert len(await effects(replicas[0], account)) == 900

    async def test_one_that_somebody_is_moving_is_left_to_them(self, runtime_of: RuntimeFactory, account: UUID) -> None:
        """To wait for them, with the others in hand that they may want next, could be for ever."""
        clock = FrozenClock()

        async def ring_all(work: Work, timers: Sequence[Timer]) -> None:
            for timer in timers:
                await ring(work, timer)

        runtime = runtime_of(timers={KIND: TimerBatch(ring_all)}, clock=clock)
        for key in ("held", "free"):
            await schedule(runtime, account, key=key)
        clock.advance(MINUTE)
        claims = await _claim(runtime)
        async with open_work(runtime.database, account, TESTER, clock=clock) as work:
            await work.schedule(KIND, key="held", due_at=work.now + MINUTE)
            async with asyncio.timeout(5):
                assert await _run_all(runtime, claims) == 1
        assert await effects(runtime, account) == ["rang for free {}"]
        clock.advance(MINUTE)
        assert await run_due_timers(runtime) == 1

    async def test_scheduled_together_are_moved_together(self, runtime_of: RuntimeFactory, account: UUID) -> None:
        clock = FrozenClock()
        runtime = runtime_of(timers={KIND: ring}, clock=clock)
        async with open_work(runtime.database, account, TESTER, clock=clock) as work:
            await work.schedule_all(KIND, {"front": work.now + MINUTE, "back": work.now + MINUTE})
            await work.schedule_all(KIND, {"back": work.now + 2 * MINUTE})
            await work.schedule_all(KIND, {})
        clock.advance(MINUTE)
        assert await run_due_timers(runtime) == 1
        clock.advance(MINUTE)
        assert await run_due_timers(runtime) == 1
        assert await effects(runtime, account) == ["rang for front {}", "rang for back {}"]

    async def test_cancelled_together_leave_the_others(self, runtime_of: RuntimeFactory, account: UUID) -> None:
        clock = FrozenClock()
        runtime = runtime_of(timers={KIND: ring}, clock=clock)
        async with open_work(runtime.database, account, TESTER, clock=clock) as work:
            await work.schedule_all(KIND, dict.fromkeys(("front", "back", "side"), work.now))
            await work.cancel_all(KIND, ["front", "side", "none"])
            await work.cancel_all(KIND, [])
        assert await run_due_timers(runtime) == 1
        assert await effects(runtime, account) == ["rang for back {}"]
