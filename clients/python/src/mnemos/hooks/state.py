"""Where the hook runner keeps what it must remember between two hooks, and its log."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

#: The log starts anew beyond this; the one before is kept as `hook.log.1`.
MAX_LOG_BYTES = 256 * 1024


class State:
    """The state folder. Only its owner can read it: transcripts pass through."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get_subfolder(self, name: str) -> Path:
        """Give a folder inside, made when it is missing."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / name
        path.mkdir(mode=0o700, exist_ok=True)
        return path

    def write(self, path: Path, data: bytes, *, is_durable: bool = False) -> None:
        """Write a file so that readers see the old or the new one, never a part; a durable one for good."""
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            if is_durable:
                file.flush()
                os.fsync(descriptor)
        temporary.replace(path)

    @contextmanager
    def lock(self, name: str, wait_seconds: float) -> Iterator[bool]:
        """Hold a lock among processes; yields False when another one keeps it for longer than the wait.

        Where the platform has no `flock` everybody gets it: the server drops repeated messages anyway.
        """
        try:
            import fcntl  # noqa: PLC0415 - not on every platform
        except ImportError:
            yield True
            return
        path = self.get_subfolder("locks") / name
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            yield _acquire(lambda: fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB), wait_seconds)
        finally:
            os.close(descriptor)

    def log(self, text: str) -> None:
        """Add a line to the log. A log that can't be written is no reason to fail."""
        try:
            path = self.get_subfolder("log") / "hook.log"
            if path.exists() and path.stat().st_size > MAX_LOG_BYTES:
                path.replace(path.with_suffix(".log.1"))
            moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(descriptor, "a", encoding="utf-8", errors="replace") as file:
                file.write(f"{moment} {os.getpid()} {text[:1000]}\n")
        except OSError:
            return


def _acquire(attempt: Callable[[], None], wait_seconds: float) -> bool:
    """Try a non-blocking lock until it is got or the wait is over."""
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
    """Give the folder for state that the platform provides for."""
    home = Path(environment.get("HOME") or environment.get("USERPROFILE") or Path.home())
    given = environment.get("XDG_STATE_HOME", "")
    if given and Path(given).is_absolute():
        return Path(given) / "mnemos"
    if platform == "darwin":
        return home / "Library" / "Application Support" / "mnemos" / "state"
    if platform == "win32":
        return Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local") / "mnemos" / "state"
    return home / ".local" / "state" / "mnemos"
