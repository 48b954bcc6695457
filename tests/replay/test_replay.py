"""The log of a help desk, replayed: Heed counts and measures what the log says. `make replay` takes all of it."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from services.tickets.app import SERVICE
from tests.conftest import HarnessFactory
from tests.replay.log import FILE, PUBLISHED, Event, figures_of, read
from tests.replay.playing import Player

DATA = Path(os.environ.get("HEED_TEST_DATA") or "nowhere")
CASES = 120
needs_data = pytest.mark.skipif(
    not (DATA / FILE).is_file(), reason=f"HEED_TEST_DATA names no folder with {FILE}, so the real log was not replayed"
)


async def replayed(harness: HarnessFactory, account: UUID, events: list[Event]) -> None:
    player = Player(await harness(SERVICE), account)
    await player.play(events, lambda done, total: None)
    assert await player.figures(len(events)) == figures_of(events)
    right, ledgers = await player.ledgers_that_add_up(every=1)
    assert right == ledgers == 2 * len({event.case for event in events})


def events(case: str, *happened: tuple[float, str]) -> list[Event]:
    start = datetime(2012, 10, 9, 14, 50, tzinfo=UTC)
    return [Event(start + timedelta(hours=hours), case, activity) for hours, activity in happened]


async def test_what_may_happen_to_a_case_is_measured_as_the_log_says(harness: HarnessFactory, account: UUID) -> None:
    told = [
        *events(
            "plain", (0, "Assign seriousness"), (3, "Take in charge ticket"), (30, "Resolve ticket"), (900, "Closed")
        ),
        *events(
            "waits", (1, "Take in charge ticket"), (2, "Wait"), (5, "Take in charge ticket"), (9, "Resolve ticket")
        ),
        *events("again", (2, "Resolve ticket"), (4, "Resolve ticket"), (5, "Wait"), (80, "Resolve ticket")),
        *events("never", (2, "Insert ticket"), (3, "Resolve ticket"), (7, "Take in charge ticket")),
        *events("closed", (4, "Insert ticket"), (6, "Closed"), (7, "Take in charge ticket"), (9, "Closed")),
    ]
    await replayed(harness, account, sorted(told))


@needs_data
async def test_a_sample_of_the_real_log_is_measured_as_it_says(harness: HarnessFactory, account: UUID) -> None:
    found = read(DATA)
    chosen = {f"Case {number}" for number in range(1, 4_581, 4_580 // CASES)}
    await replayed(harness, account, [event for event in found if event.case in chosen])


@needs_data
def test_the_real_log_says_what_was_published() -> None:
    found = figures_of(read(DATA))
    assert (found.cases, found.events, found.taken, found.resolved) == (4_580, 21_348, 4_285, 4_569)
    assert abs(found.taken_median - PUBLISHED.taken_median) < timedelta(minutes=1)
    assert abs(found.resolved_p90 - PUBLISHED.resolved_p90) < timedelta(minutes=15)
