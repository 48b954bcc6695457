"""R-01, R-16: consumers that are killed lose nothing, double nothing, and take no healthy event with them."""

import asyncio
import random

import pytest

from tests.chaos.conftest import Stand, wait_for
from tests.chaos.victim import HANGS
from tests.shared.bus.probe import until

KILLS = 4


class TestKilledAgainAndAgain:
    async def feed_and_kill(self, stand: Stand, guards_off: tuple[str, ...]) -> None:
        """SIGKILL in the moment between a commit and its acknowledgement, where a duplicate is certain to come."""
        chance = random.Random(1)
        for _ in range(KILLS):
            process = stand.start(guards_off=guards_off, slow_ack=30)
            for _ in range(5):
                await stand.commit_events(chance.randint(1, 20))
            await asyncio.to_thread(wait_for, process, "committed")
            process.kill()
            process.wait()
        stand.start(guards_off=guards_off)

    @pytest.mark.slow
    async def test_every_event_has_its_effect_once(self, stand: Stand) -> None:
        await self.feed_and_kill(stand, guards_off=())
        effects = await stand.settled()
        assert set(effects) == set(stand.ids)
        assert [event_id for event_id, count in effects.items() if count > 1] == []
        assert await stand.dead_letters() == 0

    @pytest.mark.slow
    async def test_without_the_inbox_this_would_show_doubles(self, stand: Stand) -> None:
        await self.feed_and_kill(stand, guards_off=("inbox",))

        async def is_doubled() -> bool:
            return max((await stand.effects()).values(), default=0) > 1

        await until(is_doubled, seconds=60)


class TestHungHandler:
    @pytest.mark.slow
    async def test_healthy_events_beside_a_hung_one_are_not_thrown_away(self, stand: Stand) -> None:
        await stand.commit_events(60)
        await stand.commit_events(1, HANGS)
        await stand.commit_events(60)
        for _ in range(2):
            process = stand.start(hang=True)
            await asyncio.to_thread(wait_for, process, "hanging")
            process.kill()
            process.wait()
        stand.start()
        effects = await stand.all_done()
        assert sorted(effects.values()) == [1] * 121
        assert await stand.dead_letters() == 0
