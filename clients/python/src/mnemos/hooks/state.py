"""The state folder: what the hook runner must remember between two hooks, and its log.

Paths are strings here: recall does without `pathlib`, which takes 4 ms to load.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

#: Beyond this size a new log is started; the previous one is kept as `hook.log.1`.
MAX_LOG_BYTES = 256 * 1024


class State:
    """The state folder. Only its owner can read it, since it contains parts of transcripts."""

    def __init__(self, folder: str | Path) -> None:
        self._folder = os.fspath(folder)

    @property
    def folder(self) -> Path:
        """The folder itself."""
        from pathlib import Path  # noqa: PLC0415 - for captures only

        return Path(self._folder)

    def get_subfolder(self, name: str) -> Path:
        """Return the path of a subfolder, which is created if it doesn't exist."""
        self.find_path(name, "")
        return self.folder / name

    def find_path(self, subfolder: str, name: str) -> str:
        """Return the path of a file in a subfolder, which is created if it doesn't exist."""
        os.makedirs(self._folder, mode=0o700, exist_ok=True)
        folder = os.path.join(self._folder, subfolder)
        with suppress(FileExistsError):
            os.mkdir(folder, mode=0o700)
        return os.path.join(folder, name)

    def locate(self, subfolder: str, name: str) -> str:
        """Return the path of a file in a subfolder, without creating anything."""
        return os.path.join(self._folder, subfolder, name)

    def write(self, path: str | Path, data: bytes, *, is_durable: bool = False) -> None:
        """Write a file atomically: readers see the old or the new one; `is_durable` syncs it to disk."""
        folder, name = os.path.split(path)
        temporary = os.path.join(folder, f".{name}.{os.getpid()}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            if is_durable:
                file.flush()
                os.fsync(descriptor)
        os.replace(temporary, path)

    @contextmanager
    def lock(self, name: str, wait_seconds: float) -> Iterator[bool]:
        """Hold a lock between processes; yields False if another one holds it for longer than the wait.

        On a platform without `flock` every process gets it: the server drops repeated messages anyway.
        """
        try:
            import fcntl  # noqa: PLC0415 - not on every platform
        except ImportError:
            yield True
            return
        path = self.find_path("locks", name)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            yield _acquire(lambda: fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB), wait_seconds)
        finally:
            os.close(descriptor)

    def log(self, text: str) -> None:
        """Add a line to the log; never fails, even if the log can't be written."""
        try:
            path = self.find_path("log", "hook.log")
            if os.path.exists(path) and os.path.getsize(path) > MAX_LOG_BYTES:
                os.replace(path, f"{path}.1")
            moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(descriptor, "a", encoding="utf-8", errors="replace") as file:
                file.write(f"{moment} {os.getpid()} {text[:1000]}\n")
        except OSError:
            return


def _acquire(attempt: Callable[[], None], wait_seconds: float) -> bool:
    """Retry a non-blocking lock until it is acquired or the wait is over; return whether it is."""
    end = time.monotonic() + wait_seconds
    while True:
        try:
            attempt()
        except BlockingIOError:
            if time.monotonic() >= end:
                return False
            time.sleep(0.005)
        else:
            return True


def find_state_folder(environment: Mapping[str, str], platform: str = sys.platform) -> Path:
    """Return mnemos' folder for state, by the conventions of the platform."""
    from pathlib import Path  # noqa: PLC0415 - hooks take the next function

    return Path(find_state_path(environment, platform))


def find_state_path(environment: Mapping[str, str], platform: str = sys.platform) -> str:
    """Return the path of mnemos' folder for state, by the conventions of the platform."""
    home = environment.get("HOME") or environment.get("USERPROFILE") or os.path.expanduser("~")
    given = environment.get("XDG_STATE_HOME", "")
    if os.path.isabs(given):
        return os.path.join(given, "mnemos")
    if platform == "darwin":
        return os.path.join(home, "Library", "Application Support", "mnemos", "state")
    if platform == "win32":
        local = environment.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")
        return os.path.join(local, "mnemos", "state")
    return os.path.join(home, ".local", "state", "mnemos")
