"""`make replay`: the log of a help desk through the API, and what Heed says of it beside what was published."""

import asyncio
import os
import sys
import time
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

from services.tickets.app import SERVICE
from shared.ids import new_id
from shared.service import open_runtime
from shared.testing.clock import FrozenClock
from shared.testing.harness import Harness
from shared.testing.lifespan import running
from tests.bench.stage import Stage, stage
from tests.replay.log import FILE, PUBLISHED, Event, Figures, read
from tests.replay.playing import Player

WIDTH = 40


def main() -> int:
    folder = Path(os.environ.get("HEED_DATA") or "nowhere")
    if not (folder / FILE).is_file():
        print(f"Name the folder in which {FILE} lies: HEED_DATA=/path/to/data make replay", file=sys.stderr)
        return 2
    events = read(folder)
    try:
        with stage() as here:
            found, (right, ledgers) = asyncio.run(_replay(here, events))
    except KeyboardInterrupt:
        print("\nStopped; nothing of it is kept.", file=sys.stderr)
        return 130
    print(f"\n\n{'':32}{'published':>12}{'Heed':>12}")
    missed = 0
    for name, published, ours, is_same in rows(found):
        missed += not is_same
        print(f"{name:32}{published:>12}{ours:>12}{'' if is_same else '  differs'}")
    print(f"{'ledgers that add up':32}{ledgers:>12}{right:>12}{'' if right == ledgers else '  differs'}")
    return int(missed > 0 or right != ledgers)


def rows(found: Figures) -> list[tuple[str, str, str, bool]]:
    """What is compared, as it is printed: figures that were published with two decimals are compared with two."""
    hour, day = timedelta(hours=1), timedelta(days=1)
    told = [
        (name, f"{one:,}", f"{other:,}")
        for name, one, other in (
            ("cases", PUBLISHED.cases, found.cases),
            ("events", PUBLISHED.events, found.events),
            ("taken in charge", PUBLISHED.taken, found.taken),
            ("resolved", PUBLISHED.resolved, found.resolved),
        )
    ]
    told += [
        (name, f"{one / unit:.{digits}f} {letter}", f"{other / unit:.{digits}f} {letter}")
        for name, one, other, unit, digits, letter in (
            ("first taken, median", PUBLISHED.taken_median, found.taken_median, hour, 2, "h"),
            ("first taken, 90 %", PUBLISHED.taken_p90, found.taken_p90, hour, 1, "h"),
            ("last resolved, median", PUBLISHED.resolved_median, found.resolved_median, day, 2, "d"),
            ("last resolved, 90 %", PUBLISHED.resolved_p90, found.resolved_p90, day, 2, "d"),
        )
    ]
    return [(name, one, other, one == other) for name, one, other in told]


async def _replay(here: Stage, events: list[Event]) -> tuple[Figures, tuple[int, int]]:
    clock = FrozenClock(events[0].at)
    runtime = open_runtime(SERVICE, here.databases.settings(SERVICE), clock=clock)
    app = SERVICE.create_app(runtime)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(running(app))
        desk = Harness(runtime, app, clock, here.databases.signer)
        stack.push_async_callback(desk.close)
        player = Player(desk, new_id())
        await player.play(events, _Bar())
        return await player.figures(len(events)), await player.ledgers_that_add_up(every=10)


class _Bar:
    """`######......  4,000 of 21,348 events, 61 s to go`, ten times a second."""

    def __init__(self) -> None:
        self._began = self._drawn = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._drawn < 0.1 and done < total:
            return
        self._drawn = now
        full = WIDTH * done // total
        left = (now - self._began) / done * (total - done)
        bar = "#" * full + "." * (WIDTH - full)
        print(f"\r{bar}  {done:,} of {total:,} events, {left:.0f} s to go ", end="", flush=True)


if __name__ == "__main__":
    sys.exit(main())
