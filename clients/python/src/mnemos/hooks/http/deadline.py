"""How long a request may take, and the one error of everything that goes wrong with it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class ConnectionFailed(Exception):
    """There was no usable response in time: refused, timed out, broken off, or not HTTP."""


class Deadline:
    """The time by which everything must be done, and a callback for progress."""

    def __init__(self, seconds: float, note_progress: Callable[[], None] = lambda: None) -> None:
        """Set the seconds from now, and what is called after each connection, sent part and response."""
        self._at = time.monotonic() + seconds
        self.note_progress = note_progress

    def remaining_seconds(self) -> float:
        """Return the remaining seconds; raises ConnectionFailed if there are none."""
        left = self._at - time.monotonic()
        if left <= 0:
            raise ConnectionFailed("out of time")
        return left

    def note_miss(self, reason: str) -> None:
        """Note why the work of this deadline was given up; nothing needs to know that of a plain one."""
