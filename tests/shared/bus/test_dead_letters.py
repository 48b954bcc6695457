"""What was given up on is listed with its reason, and goes on its way again once the cause is mended."""

from datetime import timedelta
from uuid import UUID

import pytest

from shared.bus import housekeeping
from shared.bus.consumer import deliver, retry_once, subscribe
from shared.bus.dead_letters import DeadLetter, list_dead, redrive
from shared.bus.events import Event
from shared.bus.gauges import measure
from shared.bus.inbox import LAST_ATTEMPT
from shared.bus.link import Link
from shared.bus.subscriptions import Timer, on
from shared.bus.timers import LAST_ATTEMPT as LAST_TIMER_ATTEMPT
from shared.bus.timers import run_due_timers
from shared.contracts.gateway import APIKeyRevoked, UserRemoved
from shared.ids import new_id
from shared.observability.metrics import DEAD_LETTERS, OUTBOX_DEPTH, TIMERS_LATE
from shared.service import Runtime
from shared.testing.clock import FrozenClock
from shared.work import Work, open_work
from tests.shared.bus.conftest import RuntimeFactory
from tests.shared.bus.probe import TESTER, effects, note, raw_event

DAY = timedelta(days=1)
KIND = "probe.ring"


class Handlers:
    """Broken until told otherwise."""

    def __init__(self) -> None:
        self.are_broken = True

    async def remove(self, work: Work, event: Event[UserRemoved]) -> None:
        await self._act(work, event.id, f"removed {event.aggregate_version}")

    async def ring(self, work: Work, timer: Timer) -> None:
        await self._act(work, timer.id, "rang")

    async def _act(self, work: Work, event_id: UUID, what: str) -> None:
        if self.are_broken:
            raise RuntimeError("broken")
        await note(work, event_id, what)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def handlers() -> Handlers:
    return Handlers()


@pytest.fixture
async def runtime(runtime_of: RuntimeFactory, clock: FrozenClock, handlers: Handlers) -> Runtime:
    made = runtime_of([on(UserRemoved, handlers.remove)], timers={KIND: handlers.ring}, clock=clock)
    await subscribe(made)
    return made


async def of_account(runtime: Runtime, account: UUID) -> list[DeadLetter]:
    return [letter for letter in await list_dead(runtime, limit=1000) if letter.account_id == account]


async def kill_events(runtime: Runtime, clock: FrozenClock, bodies: list[bytes]) -> None:
    await deliver(runtime, bodies)
    for _ in range(LAST_ATTEMPT):
        clock.advance(DAY)
        await retry_once(runtime)


class TestRedrive:
    async def test_events_get_fresh_attempts_in_the_order_they_were_made(
        self, runtime: Runtime, clock: FrozenClock, handlers: Handlers, account: UUID
    ) -> None:
        bodies = [raw_event(account=account, version=version) for version in range(1, 21)]
        await kill_events(runtime, clock, bodies[::-1])
        [first, *others] = await of_account(runtime, account)
        assert len(others) == 19
        assert (first.place, first.attempts, first.reason) == ("inbox", 5, "RuntimeError: broken")
        assert first.event_type == UserRemoved.TYPE

        handlers.are_broken = False
        assert await redrive(runtime, what="somebody.else") == 0
        assert await redrive(runtime, what=first.what) >= 20
        while await retry_once(runtime):
            pass
        assert await effects(runtime, account) == [f"removed {version}" for version in range(1, 21)]
        assert await of_account(runtime, account) == []
        await redrive(runtime)
        await retry_once(runtime)
        assert len(await effects(runtime, account)) == 20

    async def test_timers_go_off_at_last(
        self, runtime: Runtime, clock: FrozenClock, handlers: Handlers, account: UUID
    ) -> None:
        async with open_work(runtime.database, account, TESTER, clock=clock) as work:
            await work.schedule(KIND, key="door", due_at=work.now)
        for _ in range(LAST_TIMER_ATTEMPT):
            await run_due_timers(runtime)
            clock.advance(DAY)
        [letter] = await of_account(runtime, account)
        assert (letter.place, letter.what, letter.attempts) == ("timer", KIND, 10)
        handlers.are_broken = False
        assert await redrive(runtime, what=KIND) == 1
        await run_due_timers(runtime)
        assert await effects(runtime, account) == ["rang"]

    async def test_what_a_newer_version_can_read_is_delivered_and_the_rest_stays(
        self, runtime_of: RuntimeFactory, runtime: Runtime, handlers: Handlers, account: UUID
    ) -> None:
        async def revoke(work: Work, event: Event[APIKeyRevoked]) -> None:
            await note(work, event.id, "revoked")

        hopeless = b"not an event " + account.bytes.hex().encode()
        await deliver(runtime, [hopeless])
        readable = raw_event(account=account, payload=APIKeyRevoked(api_key_id=new_id()))
        newer = runtime_of([on(APIKeyRevoked, revoke)], clock=runtime.clock)
        await subscribe(newer)
        table = newer.database.tables.inbox
        async with newer.database.transaction(None) as session:
            # As the version before would have left it.
            await session.execute(table.update().where(table.c.body == hopeless).values(body=readable))
        await deliver(runtime, [hopeless])
        assert await redrive(newer, what="unreadable") == 1
        assert await effects(newer, account) == ["revoked"]

    async def test_gauges_tell_what_waits(self, runtime: Runtime, clock: FrozenClock, account: UUID) -> None:
        await kill_events(runtime, clock, [raw_event(account=account)])
        async with open_work(runtime.database, account, TESTER, clock=clock) as work:
            await work.schedule(KIND, key="late", due_at=work.now - timedelta(minutes=3))
            work.emit(UserRemoved(user_id=new_id()), subject=new_id())
        link = Link(runtime.database.url)
        await measure(runtime, link)
        await link.close()
        assert DEAD_LETTERS.labels("probe")._value.get() >= 1
        assert OUTBOX_DEPTH.labels("probe")._value.get() >= 1
        assert TIMERS_LATE.labels("probe")._value.get() >= 180
        async with open_work(runtime.database, account, TESTER, clock=clock) as work:
            await work.cancel(KIND, key="late")


class TestForgetting:
    async def test_what_was_done_is_remembered_for_45_days(
        self, runtime: Runtime, clock: FrozenClock, handlers: Handlers, account: UUID
    ) -> None:
        handlers.are_broken = False
        event = raw_event(account=account)
        await deliver(runtime, [event])
        clock.advance(44 * DAY)
        await housekeeping.tidy(runtime)
        await deliver(runtime, [event])
        assert len(await effects(runtime, account)) == 1
        clock.advance(2 * DAY)
        assert await housekeeping.tidy(runtime) >= 1
        await deliver(runtime, [event])
        assert len(await effects(runtime, account)) == 2

    async def test_dead_letters_are_not_forgotten(self, runtime: Runtime, clock: FrozenClock, account: UUID) -> None:
        await kill_events(runtime, clock, [raw_event(account=account)])
        clock.advance(400 * DAY)
        await housekeeping.tidy(runtime)
        assert len(await of_account(runtime, account)) == 1

    async def test_idempotency_keys_of_all_accounts_go_after_48_hours(
        self, runtime_of: RuntimeFactory, account: UUID
    ) -> None:
        from shared.clock import SystemClock

        runtime = runtime_of(clock=SystemClock())
        keys, now = runtime.database.tables.idempotency_keys, runtime.clock.now()
        row = {"caller": "c", "route": "r", "fingerprint": b"f", "status": 201, "headers": {}, "body": b""}
        for owner in (account, new_id()):
            async with runtime.database.transaction(owner) as session:
                for key, age in (("old", timedelta(hours=49)), ("new", timedelta(hours=47))):
                    values = row | {"account_id": owner, "key": key, "created_at": now - age}
                    await session.execute(keys.insert().values(values))
        assert await housekeeping.tidy(runtime) >= 2
        async with runtime.database.transaction(account) as session:
            assert (await session.scalars(keys.select().with_only_columns(keys.c.key))).all() == ["new"]
        async with runtime.database.transaction(None) as session:
            assert (await session.execute(keys.select())).all() == []
