"""A help desk's log (Polato, 4TU.ResearchData 2017): 4,580 cases of an Italian software company, 2010 to 2014.

It is not part of Heed. `HEED_DATA` names the folder in which it lies, as `tickets/helpdesk_italian.csv.gz`.
"""

import csv
import gzip
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

FILE: Final = "tickets/helpdesk_italian.csv.gz"
TAKEN: Final = "Take in charge ticket"
RESOLVED: Final = "Resolve ticket"
CLOSED: Final = "Closed"
# Somebody else has to do something first.
WAITS: Final = ("Wait", "Require upgrade", "Schedule intervention")


class Event(NamedTuple):
    at: datetime
    case: str
    activity: str


@dataclass(frozen=True, slots=True)
class Figures:
    """How long it took until a case was first taken in charge, and until it was last resolved; of those that were."""

    cases: int
    events: int
    taken: int
    taken_median: timedelta
    taken_p90: timedelta
    resolved: int
    resolved_median: timedelta
    resolved_p90: timedelta


# As whoever publishes the collection with the evaluation data has counted them, independently.
PUBLISHED: Final = Figures(
    cases=4_580,
    events=21_348,
    taken=4_285,
    taken_median=timedelta(hours=16.39),
    taken_p90=timedelta(hours=351.7),
    resolved=4_569,
    resolved_median=timedelta(days=6.66),
    resolved_p90=timedelta(days=30.04),
)


def read(folder: Path) -> list[Event]:
    """In order of time; what happened at the same moment in the order of the file. Its times are taken for UTC."""
    with gzip.open(folder / FILE, "rt", encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        found = [Event(_moment(row[3]), row[0], row[1]) for row in rows]
    return sorted(found, key=lambda event: event.at)


def figures_of(events: Sequence[Event]) -> Figures:
    """Counted from the log itself, without Heed."""
    cases: defaultdict[str, list[Event]] = defaultdict(list)
    for event in events:
        cases[event.case].append(event)
    taken, resolved = [], []
    for case in cases.values():
        took = [event.at for event in case if event.activity == TAKEN]
        solved = [event.at for event in case if event.activity == RESOLVED]
        taken += [took[0] - case[0].at] if took else []
        resolved += [solved[-1] - case[0].at] if solved else []
    return summed(len(cases), len(events), taken, resolved)


def summed(cases: int, events: int, taken: Sequence[timedelta], resolved: Sequence[timedelta]) -> Figures:
    return Figures(
        cases,
        events,
        len(taken),
        quantile(taken, 0.5),
        quantile(taken, 0.9),
        len(resolved),
        quantile(resolved, 0.5),
        quantile(resolved, 0.9),
    )


def quantile(values: Sequence[timedelta], share: float) -> timedelta:
    """Linear between the two nearest (Hyndman and Fan's type 7)."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * share
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y/%m/%d %H:%M:%S.%f").replace(tzinfo=UTC)
