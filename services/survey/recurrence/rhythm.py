"""When a person's rounds are: pure."""

from datetime import UTC, datetime, timedelta
from typing import Any

# A drawn day, so that not everybody is asked on the first.
_DAY = timedelta(days=1)


def first_round(now: datetime, every: timedelta, *, lot: float, anchor: Any) -> datetime:
    """The first from `now` on. `anchor` is a date or a moment as ISO 8601 text; anything else is none. `lot` is in
    [0, 1)."""
    start = moment_of(anchor)
    if start is None:
        return now + timedelta(days=int(lot * (every / _DAY)))
    if start >= now:
        return start
    rounds = -((start - now) // every)
    return start + rounds * every


def following_round(anchor_at: datetime, every: timedelta, wave: int, now: datetime) -> tuple[int, datetime]:
    """The next round after number `wave` that is not past, with its number: rounds that were missed are left out."""
    wave += 1
    missed = (now - (anchor_at + (wave - 1) * every)) // every
    wave += max(0, missed)
    return wave, anchor_at + (wave - 1) * every


def moment_of(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
