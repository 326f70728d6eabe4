"""Time as the server counts it: whole microseconds since 1970-01-01 UTC."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

#: Returns the current time in microseconds UTC. Injected, so that tests can stop time.
Clock = Callable[[], int]

MICROSECONDS: Final = 1_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def system_clock() -> int:
    """Read the machine's clock."""
    return time.time_ns() // 1_000


def to_datetime(microseconds: int) -> datetime:
    """Return a time of the server as an aware datetime, exactly."""
    return _EPOCH + timedelta(microseconds=microseconds)
