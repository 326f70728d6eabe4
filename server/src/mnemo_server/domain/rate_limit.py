"""Token buckets: an average rate with a burst on top, per address or key."""

from __future__ import annotations

import math
from typing import Final

from mnemo_server.domain.clock import MICROSECONDS, Clock

#: Limit of buckets in memory; full ones, which carry no information, are dropped first.
MAX_BUCKETS: Final = 20_000


class TokenBuckets:
    """One bucket of `burst` tokens per name, refilled by `rate` tokens a second."""

    def __init__(self, *, rate: float, burst: int, clock: Clock) -> None:
        self.burst = burst
        self._rate = rate
        self._clock = clock
        #: Name to (tokens left, the time of that level in microseconds).
        self._buckets: dict[object, tuple[float, int]] = {}

    def take(self, name: object) -> int:
        """Take a token and return 0; without a token, return the whole seconds until there is one."""
        if not self._rate:
            return 0
        now = self._clock()
        tokens = self._level(name, now)
        if tokens < 1:
            return max(1, math.ceil((1 - tokens) / self._rate))
        if len(self._buckets) >= MAX_BUCKETS and name not in self._buckets:
            self._make_room(now)
        self._buckets[name] = (tokens - 1, now)
        return 0

    def _level(self, name: object, now: int) -> float:
        left, since = self._buckets.get(name, (float(self.burst), now))
        return min(float(self.burst), left + max(0, now - since) / MICROSECONDS * self._rate)

    def _make_room(self, now: int) -> None:
        self._buckets = {
            name: bucket for name, bucket in self._buckets.items() if self._level(name, now) < self.burst
        }
        while len(self._buckets) >= MAX_BUCKETS:
            del self._buckets[next(iter(self._buckets))]
