"""How much time a hook has left: the host also waits for the start of the process."""

from __future__ import annotations

import os
import time

_LONGEST_SECONDS = 60.0


def find_recall_seconds(timeout_ms: int, lived_seconds: float) -> float:
    """Return the seconds that a recall may take within the limit of the whole hook; at least half the limit.

    Otherwise a machine so busy that Python's start takes up the limit would never recall anything.
    """
    limit = timeout_ms / 1000
    return max(limit - lived_seconds, limit / 2)


def measure_life() -> float:
    """Return the age of this process in seconds, or its CPU time where the age is unknown."""
    try:
        with open("/proc/self/stat", "rb") as file:
            ticks = int(file.read().rpartition(b")")[2].split()[19])  # field 22: start, in ticks since boot
        lived = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        return time.process_time()
    return lived if 0 <= lived <= _LONGEST_SECONDS else time.process_time()
