"""How recalls from a server went lately, and whether it is asked at all.

A server that hangs would cost every prompt the whole deadline. So a slow miss opens the server's circuit: no
recall asks it for a while. Each slow miss doubles the pause, and any response in time closes the circuit.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from mnemos.hooks.naming import hash_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from mnemos.hooks.state import State

#: Outcomes that are kept.
KEPT_OUTCOMES = 50
FIRST_PAUSE_SECONDS = 30.0
LONGEST_PAUSE_SECONDS = 600.0
_MAX_DOUBLINGS = 10
_FOLDER = "servers"
#: Why a recall that asked nothing was missed.
PAUSED = "paused"
_LOCK_SECONDS = 0.05
#: An attempt after a pause may take this many times as long as the slowest response that was in time.
_SLACK = 1.5
#: The part of the slowest time that is remembered with each response, so that one slow response is forgotten.
_FADING = 0.9


class Outcome(NamedTuple):
    """How one recall ended."""

    #: In seconds since the epoch.
    at: int
    #: From the start of the hook's process.
    ms: int
    #: Why nothing was recalled; "" if the server responded in time.
    reason: str = ""


class Record(NamedTuple):
    """What is known about one server. Times are in seconds since the epoch."""

    url: str
    #: Slow misses since the last response in time.
    misses: int = 0
    #: The end of the pause.
    open_until: float = 0.0
    #: Until then one hook tries whether the server responds again, and the others don't ask.
    tried_until: float = 0.0
    #: Why the circuit is open.
    reason: str = ""
    #: Whether a hook has logged that it didn't ask, since the circuit opened.
    is_logged: bool = False
    #: About the slowest response that was in time; 0 if there was none.
    needs_ms: int = 0
    #: The last outcomes, oldest first.
    recent: tuple[Outcome, ...] = ()

    def find_pause_end(self, now: float) -> float | None:
        """Return when the server may be asked again; None if it may be now."""
        end = max(self.open_until, self.tried_until)
        return end if _is_ahead(end, now) else None

    def choose_limit_ms(self, limit_ms: int) -> int:
        """Return the limit of the next recall: shorter after a pause, if the server can make it.

        Without any response in time, every other attempt has the whole limit: the server may just be far.
        """
        if not self.misses or (not self.needs_ms and self.misses % 2 == 0):
            return limit_ms
        return min(limit_ms, max(limit_ms // 2, int(self.needs_ms * _SLACK)))

    def add(self, outcome: Outcome, *, is_slow: bool) -> Record:
        """Return the record with one more outcome; `is_slow` is a miss that took up its time."""
        record = self._replace(recent=(*self.recent, outcome)[-KEPT_OUTCOMES:])
        if not outcome.reason:
            needs_ms = max(outcome.ms, int(self.needs_ms * _FADING))
            return record.close()._replace(needs_ms=needs_ms)
        if not is_slow or _is_ahead(self.open_until, outcome.at):  # several hooks may miss at the same time
            return record
        pause = min(FIRST_PAUSE_SECONDS * 2 ** min(self.misses, _MAX_DOUBLINGS), LONGEST_PAUSE_SECONDS)
        return record._replace(
            misses=self.misses + 1,
            open_until=outcome.at + pause,
            tried_until=0.0,
            reason=outcome.reason,
            is_logged=False,
        )

    def close(self) -> Record:
        """Return the record with the circuit closed."""
        return self._replace(misses=0, open_until=0.0, tried_until=0.0, reason="", is_logged=False)


def read_record(state: State, url: str) -> Record:
    """Return what is known about a server; a file that is damaged or can't be read is as none."""
    try:
        with open(state.locate(_FOLDER, _name_file(url)), "rb") as file:
            return _parse(url, json.loads(file.read(65_536)))
    except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return Record(url)


def list_urls(state: State) -> list[str]:
    """Return the servers about which anything is known."""
    folder = state.locate(_FOLDER, "")
    names = os.listdir(folder) if os.path.isdir(folder) else []
    found = []
    for name in names:
        with (
            suppress(OSError, ValueError, TypeError, KeyError),
            open(os.path.join(folder, name), "rb") as file,
        ):
            found.append(str(json.load(file)["url"]))
    return found


def change_record(state: State, url: str, change: Callable[[Record], Record]) -> tuple[Record, Record]:
    """Change what is known about a server, one process at a time; return the records before and after.

    Where nothing can be written, nothing is known. If another process has the lock for too long, the record
    is written without it: at worst an outcome is lost.
    """
    with suppress(OSError), state.lock(_FOLDER, _LOCK_SECONDS):
        before = read_record(state, url)
        after = change(before)
        if after != before:
            state.write(state.find_path(_FOLDER, _name_file(url)), json.dumps(after._asdict()).encode())
        return before, after
    return Record(url), change(Record(url))


def show_time(at: float) -> str:
    """Return the time of day, as in the log."""
    return time.strftime("%H:%M:%SZ", time.gmtime(at))


def _is_ahead(end: float, now: float) -> bool:
    """Return whether a pause goes on; a later end than possible was written before the clock was set back."""
    return now < end <= now + LONGEST_PAUSE_SECONDS


def _name_file(url: str) -> str:
    return f"{hash_text(url)}.json"


def _parse(url: str, data: dict[str, Any]) -> Record:
    """Return the record in a file. Raises an error of the first function that can't read its value."""
    if data["url"] != url:
        raise ValueError("the record of another server")
    return Record(
        url,
        misses=max(0, int(data["misses"])),
        open_until=float(data["open_until"]),
        tried_until=float(data["tried_until"]),
        reason=str(data["reason"]),
        is_logged=bool(data["is_logged"]),
        needs_ms=max(0, int(data["needs_ms"])),
        recent=tuple(Outcome(int(at), int(ms), str(reason)) for at, ms, reason in data["recent"]),
    )
