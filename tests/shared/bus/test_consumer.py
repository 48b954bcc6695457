"""At least once in, exactly once in effect."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import orjson
import pytest

from shared.bus.consumer import UNREADABLE, deliver, retry_once
from shared.bus.events import Event
from shared.bus.inbox import LAST_ATTEMPT
from shared.bus.subscriptions import NotYet, on, on_any, on_batch
from shared.contracts.base import Payload
from shared.contracts.gateway import APIKeyRevoked, UserRemoved
from shared.ids import new_id
from shared.service import Runtime
from shared.testing.clock import FrozenClock
from shared.work import Work
from tests.shared.bus.conftest import RuntimeFactory
from tests.shared.bus.probe import effects, key_revoked, note, raw_event, rows

HOUR = timedelta(hours=1)


async def remove(work: Work, event: Event[UserRemoved]) -> None:
    await note(work, event.id, "removed")


async def count(work: Work, events: Sequence[Event[Payload]]) -> None:
    for event in events:
        await note(work, event.id, f"counted {len(events)}")


async def keep(work: Work, events: Sequence[Event[Payload]]) -> None:
    for event in events:
        await note(work, event.id, f"kept {event.type}")


async def refuse(work: Work, event: Event[UserRemoved]) -> None:
    await note(work, event.id, "half done")
    raise RuntimeError("the handler is broken\x00")


async def inbox(runtime: Runtime, account: UUID) -> list[tuple[str, int]]:
    """State and attempts of what the inbox holds for the account."""
    return [(row.state, row.attempts) for row in await rows(runtime, runtime.database.tables.inbox, account)]


class TestDelivery:
    async def test_each_handler_gets_what_it_asked_for(self, runtime_of: RuntimeFactory, account: UUID) -> None:
        runtime = runtime_of([on(UserRemoved, remove), on_batch([UserRemoved, APIKeyRevoked], count)])
        await deliver(runtime, [raw_event(account=account), raw_event(account=account, payload=key_revoked())])
        assert sorted(await effects(runtime, account)) == ["counted 2", "counted 2", "removed"]

    async def test_the_same_event_again_does_nothing(self, runtime_of: RuntimeFactory, account: UUID) -> None:
        runtime = runtime_of([on(UserRemoved, remove)])
        event = raw_event(account=account)
        await deliver(runtime, [event, event])
        await deliver(runtime, [event])
        assert await effects(runtime, account) == ["removed"]

    async def test_accounts_do_not_share_a_batch(self, runtime_of: RuntimeFactory, account: UUID) -> None:
        runtime = runtime_of([on_batch([UserRemoved], count)])
        other = new_id()
        await deliver(runtime, [raw_event(account=account), raw_event(account=other), raw_event(account=account)])
        assert await effects(runtime, account) == ["counted 2", "counted 2"]
        assert await effects(runtime, other) == ["counted 1"]

    async def test_a_type_of_a_newer_version_reaches_only_who_takes_everything(
        self, runtime_of: RuntimeFactory, account: UUID
    ) -> None:
        runtime = runtime_of([on(UserRemoved, remove), on_any(keep)])
        body = orjson.loads(raw_event(account=account)) | {"type": "heed.gateway.user.promoted.v1", "data": {"new": 1}}
        await deliver(runtime, [orjson.dumps(body)])
        assert await effects(runtime, account) == ["kept heed.gateway.user.promoted.v1"]

    async def test_what_nobody_asked_for_is_ignored_even_if_it_is_broken(
        self, runtime_of: RuntimeFactory, account: UUID
    ) -> None:
        runtime = runtime_of([on(UserRemoved, remove)])
        body = orjson.loads(raw_event(account=account, payload=key_revoked())) | {"data": {}}
        await deliver(runtime, [orjson.dumps(body)])
        assert await inbox(runtime, account) == []

    async def test_what_a_handler_emits_names_its_cause(self, runtime_of: RuntimeFactory, account: UUID) -> None:
        async def answer(work: Work, event: Event[UserRemoved]) -> None:
            work.emit(key_revoked(), subject=new_id())

        runtime = runtime_of([on(UserRemoved, answer)])
        cause = orjson.loads(event := raw_event(account=account))
        await deliver(runtime, [event])
        [row] = await rows(runtime, runtime.database.tables.outbox, account)
        consequence = orjson.loads(row.body)
        assert consequence["causationid"] == cause["id"]
        assert consequence["correlationid"] == cause["correlationid"]
        assert consequence["actor"] == "system:probe"


class TestFailure:
    async def test_a_failure_leaves_no_half_done_work_and_holds_up_nobody(
        self, runtime_of: RuntimeFactory, account: UUID
    ) -> None:
        runtime = runtime_of([on(UserRemoved, refuse), on_batch([UserRemoved], count)])
        await deliver(runtime, [raw_event(account=account), raw_event(account=account)])
        assert await effects(runtime, account) == ["counted 1", "counted 1"]
        assert sorted(await inbox(runtime, account)) == [("done", 0), ("done", 0), ("retry", 1), ("retry", 1)]

    async def test_nothing_is_tried_again_before_its_time(self, runtime_of: RuntimeFactory, account: UUID) -> None:
        clock = FrozenClock()
        runtime = runtime_of([on(UserRemoved, refuse)], clock=clock)
        await deliver(runtime, [raw_event(account=account)])
        clock.advance(timedelta(seconds=4))
        await retry_once(runtime)
        assert await inbox(runtime, account) == [("retry", 1)]
        clock.advance(timedelta(seconds=2))
        await retry_once(runtime)
        assert await inbox(runtime, account) == [("retry", 2)]

    async def test_the_fifth_failure_makes_a_dead_letter_with_its_reason(
        self, runtime_of: RuntimeFactory, account: UUID
    ) -> None:
        clock = FrozenClock()
        runtime = runtime_of([on(UserRemoved, refuse)], clock=clock)
        event = raw_event(account=account)
        await deliver(runtime, [event])
        for _ in range(LAST_ATTEMPT):
            clock.advance(HOUR)
            await retry_once(runtime)
        [row] = await rows(runtime, runtime.database.tables.inbox, account)
        assert (row.state, row.attempts, row.body) == ("dead", 5, event)
        assert row.last_error == "RuntimeError: the handler is broken"

    async def test_an_event_that_came_too_early_is_done_when_its_time_has_come(
        self, runtime_of: RuntimeFactory, account: UUID
    ) -> None:
        clock, arrived = FrozenClock(), False

        async def wait(work: Work, event: Event[UserRemoved]) -> None:
            if not arrived:
                raise NotYet("the user")
            await note(work, event.id, "done at last")

        runtime = runtime_of([on(UserRemoved, wait)], clock=clock)
        await deliver(runtime, [raw_event(account=account)])
        arrived = True
        clock.advance(HOUR)
        await retry_once(runtime)
        assert await effects(runtime, account) == ["done at last"]
        assert await inbox(runtime, account) == [("done", 2)]

    async def test_a_second_delivery_does_not_disturb_what_waits(
        self, runtime_of: RuntimeFactory, account: UUID
    ) -> None:
        runtime = runtime_of([on(UserRemoved, refuse)])
        event = raw_event(account=account)
        await deliver(runtime, [event])
        await deliver(runtime, [event])
        assert await inbox(runtime, account) == [("retry", 1)]

    async def test_a_database_out_of_reach_counts_nothing_and_asks_for_a_new_delivery(
        self, runtime_of: RuntimeFactory, account: UUID
    ) -> None:
        async def lose_connection(work: Work, event: Event[UserRemoved]) -> None:
            raise ConnectionResetError

        runtime = runtime_of([on(UserRemoved, lose_connection)])
        with pytest.raises(ConnectionResetError):
            await deliver(runtime, [raw_event(account=account)])
        assert await inbox(runtime, account) == []

    async def test_neither_does_one_that_goes_away_after_the_first_failure(
        self, runtime_of: RuntimeFactory, account: UUID
    ) -> None:
        problems = iter([RuntimeError(), ConnectionResetError()])

        async def fail(work: Work, event: Event[UserRemoved]) -> None:
            raise next(problems)

        runtime = runtime_of([on(UserRemoved, fail)])
        with pytest.raises(ConnectionResetError):
            await deliver(runtime, [raw_event(account=account)])
        assert await inbox(runtime, account) == []


class TestUnreadable:
    @pytest.mark.parametrize(
        "change", [{"accountid": "nobody"}, {"data": {}}, {"time": "2026-01-01T00:00:00"}, {"actor": 7}, {"id": None}]
    )
    async def test_it_is_a_dead_letter_at_once_and_the_rest_goes_on(
        self, runtime_of: RuntimeFactory, account: UUID, change: dict[str, object]
    ) -> None:
        runtime = runtime_of([on(UserRemoved, remove)])
        broken = orjson.dumps(orjson.loads(raw_event(account=account)) | change)
        await deliver(runtime, [broken, raw_event(account=account)])
        await deliver(runtime, [broken])
        assert await effects(runtime, account) == ["removed"]
        assert await self.dead(runtime, broken) == 1

    @pytest.mark.parametrize("body", [b"", b"not json", b"[1]", b'"text"', b"\xff", b"[" * 100_000])
    async def test_what_is_no_event_at_all_is_kept_as_it_came(self, runtime_of: RuntimeFactory, body: bytes) -> None:
        runtime = runtime_of([on(UserRemoved, remove)])
        await deliver(runtime, [body])
        assert await self.dead(runtime, body) == 1

    async def dead(self, runtime: Runtime, body: bytes) -> int:
        table = runtime.database.tables.inbox
        async with runtime.database.transaction(None) as session:
            found = await session.execute(table.select().where(table.c.handler == UNREADABLE, table.c.body == body))
            return len([row for row in found if row.state == "dead" and row.last_error])
