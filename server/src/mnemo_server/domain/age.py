"""Age in words, for people and models."""

from __future__ import annotations

from typing import Final

from mnemo_server.domain.clock import MICROSECONDS

#: Seconds of a unit, its name, and the age in seconds from which a larger unit is used.
_UNITS: Final = (
    (60, "minute", 3_600),
    (3_600, "hour", 86_400),
    (86_400, "day", 7 * 86_400),
    (7 * 86_400, "week", 30 * 86_400),
    (30 * 86_400, "month", 365 * 86_400),
)
_YEAR_SECONDS: Final = 365 * 86_400


def relative_age(then: int, now: int) -> str:
    """Return how long ago `then` was (both microseconds UTC): "just now", "1 minute ago", "3 weeks ago".

    Months have 30 days and years 365, as in mem9. A time in the future is "just now".
    """
    seconds = (now - then) // MICROSECONDS
    if seconds < _UNITS[0][0]:
        return "just now"
    for unit_seconds, name, until in _UNITS:
        if seconds < until:
            return _count(seconds // unit_seconds, name)
    return _count(seconds // _YEAR_SECONDS, "year")


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}{'' if number == 1 else 's'} ago"
