"""R-06, R-21: the relay dies between publishing and marking; transactions commit out of order."""

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import asyncpg
import pytest

from shared.bus.relay import Relay
from shared.bus.transport import Outgoing
from shared.contracts.gateway import APIKeyCreated
from shared.ids import new_id
from tests.chaos.conftest import Stand
from tests.shared.bus.probe import raw_event


class Died(Exception):
    """The relay's process is gone."""


class DiesAfterPublishing:
    """A transport that hands over, and then there is nobody left to mark anything."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport

    async def publish(self, events: Sequence[Outgoing]) -> None:
        await self._transport.publish(events)
        raise Died


class TestKilledBetweenPublishAndMark:
    async def test_what_is_published_again_has_its_effect_once(self, stand: Stand) -> None:
        runtime = stand.open_runtime()
        try:
            await runtime.transport.open()
            await runtime.transport.subscribe("probe", [APIKeyCreated.TYPE])
            await stand.commit_events(30)
            dying = Relay("probe", DiesAfterPublishing(runtime.transport))  # type: ignore[arg-type]
            for _ in range(3):
                with pytest.raises(Died):
                    await dying.step(await stand.admin())
            assert await (await stand.admin()).fetchval(COUNT, stand.account) == 30
        finally:
            await runtime.transport.close()
            await runtime.database.close()
        stand.start()
        assert sorted((await stand.all_done()).values()) == [1] * 30


COUNT = "select count(*) from probe.outbox where account_id = $1"


class TestCommitOrder:
    """Positions are given at the insert and seen at the commit: who polls "position > last" misses rows."""

    WRITERS, EACH = 10, 60

    @pytest.mark.slow
    async def test_no_event_is_missed_when_transactions_commit_out_of_order(self, stand: Stand) -> None:
        stand.start()
        missed_by_polling = await self.write_and_poll(stand)
        effects = await stand.all_done()
        assert sorted(effects.values()) == [1] * (self.WRITERS * self.EACH)
        # The way that is not taken, on the same transactions: this is what the test would catch.
        assert missed_by_polling > 0

    async def write_and_poll(self, stand: Stand) -> int:
        """Ten writers at once, their commits delayed at random; returns how many rows a high-water mark misses."""
        admin = await stand.admin()
        await admin.execute("create table if not exists probe.trail (like probe.outbox including all)")
        done = asyncio.Event()
        polling = asyncio.create_task(self.poll(stand, done))
        await asyncio.gather(*(self.write(stand, random.Random(seed)) for seed in range(self.WRITERS)))
        done.set()
        return self.WRITERS * self.EACH - await polling

    async def write(self, stand: Stand, chance: random.Random) -> None:
        connection = await asyncpg.connect(stand.databases.url)
        insert = "insert into probe.{} (event_id, account_id, type, body) values ($1, $2, $3, $4)"
        for _ in range(self.EACH):
            event_id = new_id()
            payload = APIKeyCreated(api_key_id=event_id, name="healthy", scopes=())
            body = raw_event(account=stand.account, event_id=event_id, payload=payload)
            row = (event_id, stand.account, payload.TYPE, body)
            async with connection.transaction():
                await connection.execute(insert.format("outbox"), *row)
                await connection.execute(insert.format("trail"), *row)
                await connection.fetchval("select pg_sleep($1)", chance.choice([0, 0.005, 0.02]))
            stand.ids.append(event_id)
        await connection.close()

    async def poll(self, stand: Stand, done: asyncio.Event) -> int:
        connection = await asyncpg.connect(stand.databases.url)
        query = "select position from probe.trail where account_id = $1 and position > $2 order by position"
        last, seen = 0, 0
        while True:
            ended = done.is_set()
            rows = await connection.fetch(query, stand.account, last)
            seen += len(rows)
            last = rows[-1]["position"] if rows else last
            if ended and not rows:
                break
        await connection.close()
        return seen
