"""Requests per credential and minute, counted in each process; the edge counts across replicas (see deploy/nginx).

Header fields follow draft-ietf-httpapi-ratelimit-headers: `RateLimit-Policy` names the quota, `RateLimit` what is left.
"""

from math import ceil

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from shared.clock import Clock
from shared.http.errors import TooMany


class RateLimiter:
    """`per_minute` = 0 switches it off."""

    def __init__(self, per_minute: int, clock: Clock) -> None:
        self._clock = clock
        self._item = RateLimitItemPerMinute(per_minute) if per_minute else None
        self._strategy = SlidingWindowCounterRateLimiter(MemoryStorage())

    def take(self, credential: str) -> dict[str, str]:
        """Count one request; returns the header fields to send. Raises `TooMany` when the quota is used up."""
        if self._item is None:
            return {}
        allowed = self._strategy.hit(self._item, credential)
        stats = self._strategy.get_window_stats(self._item, credential)
        seconds = max(1, ceil(stats.reset_time - self._clock.now().timestamp()))
        if not allowed:
            raise TooMany(retry_after=seconds)
        return {
            "RateLimit-Policy": f'"default";q={self._item.amount};w=60',
            "RateLimit": f'"default";r={stats.remaining};t={seconds}',
        }
