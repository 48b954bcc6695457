"""R-49, R-50: whoever is killed or halted while thousands of timers are due, each has its effect once.

Alarms of targets are handled in batches, so it is a batch that is hit: between its effects and its commit, and between
its claim and its transaction.
"""

import asyncio
import os
import signal

import pytest

from tests.chaos.conftest import Stand, wait_for

TIMERS, KILLS, LEASE_SECONDS = 5_000, 4, 2.0

# Timers never leave the database.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.parametrize("stand", ["postgres"], indirect=True)]


class TestKilledAgainAndAgain:
    async def test_every_timer_rings_once(self, stand: Stand) -> None:
        await stand.schedule(TIMERS)
        for _ in range(KILLS):
            process = stand.start(pause_in_batch=1, lease_seconds=LEASE_SECONDS)
            # One batch is done, the next one is not yet.
            for _ in range(2):
                await asyncio.to_thread(wait_for, process, "ringing")
            process.kill()
            process.wait()
        assert 0 < len(await stand.effects()) < TIMERS
        stand.start(lease_seconds=LEASE_SECONDS)
        effects = await stand.all_done(seconds=90)
        assert sorted(effects.values()) == [1] * TIMERS


class TestHaltedAndOvertaken:
    async def halted(self, stand: Stand, guards_off: tuple[str, ...]) -> list[int]:
        """A worker halts with timers in hand, another takes them over with the lease's end, and the first wakes up."""
        await stand.schedule(TIMERS // 10)
        slow = stand.start(guards_off=guards_off, pause_after_claim=0.1, lease_seconds=0.5)
        await asyncio.to_thread(wait_for, slow, "claimed")
        os.kill(slow.pid, signal.SIGSTOP)
        stand.start(guards_off=guards_off)
        await stand.all_done(seconds=90)
        os.kill(slow.pid, signal.SIGCONT)
        await asyncio.to_thread(wait_for, slow, "ran")
        return sorted((await stand.effects()).values())

    async def test_rings_nothing_twice(self, stand: Stand) -> None:
        assert await self.halted(stand, guards_off=()) == [1] * (TIMERS // 10)

    async def test_without_the_fence_this_would_show_doubles(self, stand: Stand) -> None:
        assert max(await self.halted(stand, guards_off=("fence",))) == 2
