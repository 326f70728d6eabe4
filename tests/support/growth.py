"""Check that work grows in proportion to its text, on a machine of any speed and under any load."""

from __future__ import annotations

import time
from collections.abc import Callable

#: How many times longer the long text is. Linear work takes about 8 times as long, quadratic work 64 times.
FACTOR = 8
#: Between the two; it is reached when the quadratic part is about three times the linear part.
MAX_GROWTH = 24
#: Times below this are noise.
MIN_SECONDS = 0.001
ATTEMPTS = 5


def assert_linear(work: Callable[[str], object], make_text: Callable[[int], str], length: int) -> None:
    """Fail when the time of `work` grows out of proportion from an eighth of `length` to the whole of it.

    Compares processor time, and tries again before it fails: a busy machine adds a little to single times.
    """
    short, long = make_text(length // FACTOR), make_text(length)
    base = max(MIN_SECONDS, min(measure(work, short) for _ in range(3)))
    growths: list[float] = []
    while len(growths) < ATTEMPTS:
        growths.append(measure(work, long) / base)
        if growths[-1] < MAX_GROWTH:
            return
    raise AssertionError(f"{FACTOR} times the text took {min(growths):.0f} times as long")


def measure(work: Callable[[str], object], text: str) -> float:
    """Return the processor seconds that `work` takes."""
    started = time.process_time()
    work(text)
    return time.process_time() - started
