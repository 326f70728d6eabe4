"""One recall: how long it may take, whether the server is asked, and how it ended."""

from __future__ import annotations

import _thread
import time
from typing import TYPE_CHECKING

from mnemos.hooks.circuit import PAUSED, Outcome, Record, change_record, read_record, show_time
from mnemos.hooks.clock import find_recall_seconds
from mnemos.hooks.http.connection import ConnectionFailed, Deadline

if TYPE_CHECKING:
    from collections.abc import Callable

    from mnemos.hooks.settings import HookSettings
    from mnemos.hooks.state import State

#: A miss that took this part of its time is slow: it delays prompts, unlike a refused connection.
_SLOW_PART = 0.5
#: How much longer than its limit an attempt after a pause may take before another hook tries.
_TRIED_EXTRA_SECONDS = 1.0
_MAX_REASON_CHARACTERS = 200


class Attempt(Deadline):
    """The deadline of one recall. It ends at once while the server's circuit is open.

    Its outcome is recorded exactly once: by `settle`, or by `expire` if the process must end before that.
    """

    def __init__(
        self,
        name: str,
        settings: HookSettings,
        state: State,
        *,
        lived_seconds: float,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Set the name of the event, and how long the process has lived."""
        self._name, self._url, self._state, self._now = name, settings.url, state, now
        self._record = read_record(state, settings.url)
        limit_ms = self._record.choose_limit_ms(settings.recall_timeout_ms)
        self.seconds = find_recall_seconds(limit_ms, lived_seconds)
        self._began_at = time.monotonic()
        self._lived_seconds = lived_seconds
        self._is_asking = self._is_paused = False
        self._reason = ""
        self._ending = _thread.allocate_lock()
        super().__init__(self.seconds)

    def remaining_seconds(self) -> float:
        """Return the remaining seconds; raises ConnectionFailed if there are none, or the circuit is open."""
        if not self._is_asking:
            self._begin()
        return super().remaining_seconds()

    def note_miss(self, reason: str) -> None:
        """Note why nothing is recalled."""
        self._reason = self._reason or reason or "unknown"

    def settle(self) -> None:
        """Record how the recall ended, unless `expire` has done so or the server wasn't needed."""
        if self._ending.acquire(blocking=False) and (self._is_asking or self._is_paused):
            spent = time.monotonic() - self._began_at
            self._keep(self._reason, is_slow=self._is_asking and spent >= self.seconds * _SLOW_PART)

    def expire(self) -> bool:
        """Record that the process ends before the recall does; False if the recall has just ended."""
        if not self._ending.acquire(blocking=False):
            return False
        self._keep(f"no end after {self.seconds * 1000:.0f} ms", is_slow=True)
        return True

    def _begin(self) -> None:
        """Check the circuit before the first request; after a pause, one of several hooks tries."""
        before = self._record
        now = self._now()
        if before.misses:
            tried_until = now + self.seconds + _TRIED_EXTRA_SECONDS
            before, _ = change_record(self._state, self._url, lambda record: _claim(record, now, tried_until))
        end = before.find_pause_end(now)
        if end is None:
            self._is_asking = True
            return
        self._is_paused = True
        self._reason = PAUSED
        if not before.is_logged:
            self._log(f"paused until {show_time(end)} after: {before.reason}; {self._url} isn't asked")
        raise ConnectionFailed(PAUSED)

    def _keep(self, reason: str, *, is_slow: bool) -> None:
        ms = int((self._lived_seconds + time.monotonic() - self._began_at) * 1000)
        outcome = Outcome(int(self._now()), ms, reason[:_MAX_REASON_CHARACTERS])
        _, after = change_record(self._state, self._url, lambda record: record.add(outcome, is_slow=is_slow))
        if outcome.reason and not self._is_paused:
            end = after.find_pause_end(outcome.at) if is_slow else None
            self._log(f"{reason} after {ms} ms" + (f"; paused until {show_time(end)}" if end else ""))

    def _log(self, words: str) -> None:
        self._state.log(f"{self._name}: nothing recalled: {words}")


def _claim(record: Record, now: float, tried_until: float) -> Record:
    """Return the record after a hook has read it: either it tries the server, or it logs that it doesn't."""
    if not record.misses:
        return record
    if record.find_pause_end(now) is not None:
        return record._replace(is_logged=True)
    return record._replace(tried_until=tried_until)
