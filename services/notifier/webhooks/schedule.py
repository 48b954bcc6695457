"""When a failed delivery is tried again, and when an endpoint has failed for too long."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from shared.http.client import pause_asked_for

# Standard Webhooks' example schedule: pauses between attempts, the first of ten at once, the last after 75.6 hours.
PAUSES: Final = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
JITTER: Final = 0.2
LONGEST_PAUSE: Final = timedelta(hours=24)
# An endpoint that has not answered well once in this time is switched off.
PATIENCE: Final = timedelta(days=5)
# After so many failures in a row, whatever the events, an endpoint is left alone for a while, and longer each time.
FAILURES_IN_A_ROW: Final = 5
SHORTEST_HOLD: Final = timedelta(seconds=30)
LONGEST_HOLD: Final = timedelta(minutes=5)


def hold_after(failures: int) -> timedelta | None:
    """The breaker of an endpoint: None as long as it is tried as if nothing were wrong."""
    if failures < FAILURES_IN_A_ROW:
        return None
    doublings: int = min(failures - FAILURES_IN_A_ROW, 10)
    return min(SHORTEST_HOLD * float(2**doublings), LONGEST_HOLD)


def next_attempt(
    attempts: int, now: datetime, retry_after: str | None = None, draw: Callable[[float, float], float] = random.uniform
) -> datetime | None:
    """When to try again after `attempts` failures; None when it is enough. `Retry-After` can only lengthen a pause."""
    if attempts > len(PAUSES):
        return None
    pause = PAUSES[attempts - 1] * draw(1 - JITTER, 1 + JITTER)
    asked = min(pause_asked_for(retry_after, now), LONGEST_PAUSE)
    return now + max(pause, asked)
