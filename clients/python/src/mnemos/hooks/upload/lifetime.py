"""How long the uploader runs: while the host is alive, then only as long as it makes progress."""

from __future__ import annotations

import _thread  # `threading` takes longer to load than all of this
import os
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mnemos.hooks.state import State

#: Without its host, the uploader ends after this time without progress (a connection, data sent, a response):
#: a second after the host has ended, no process is left, unless it has something to do.
PATIENCE_SECONDS = 0.5
_LOOK_SECONDS = 0.05
_OPTION = "--host-pid="


class Lifetime:
    """Watches the host and the progress of the uploader."""

    def __init__(self, host_pid: int | None, end: Callable[[], None]) -> None:
        """Set the process of the host, None if it has ended, and the function to call at the end."""
        self._host_pid = host_pid
        self._end = end
        self._progress_at = time.monotonic()

    def note_progress(self) -> None:
        """Note that there was progress: a connection, data sent, or a response."""
        self._progress_at = time.monotonic()

    def start(self) -> None:
        """Begin to watch, on a thread."""
        _thread.start_new_thread(self._watch, ())

    def _watch(self) -> None:
        while self._host_pid is not None and is_alive(self._host_pid):
            time.sleep(_LOOK_SECONDS)
        gone_at = time.monotonic()
        while (left := max(gone_at, self._progress_at) + PATIENCE_SECONDS - time.monotonic()) > 0:
            time.sleep(min(left, _LOOK_SECONDS))
        self._end()


def start_uploader(state: State, harness: str) -> None:
    """Start the uploader in its own session; a host that kills this hook's process group can't reach it."""
    # -P: a folder named `mnemos` in the user's project must not be imported instead of this package
    options = ["hook", "upload", "--harness", harness, f"{_OPTION}{os.getppid()}"]
    command = [sys.executable, "-P", "-m", "mnemos", *options]
    try:
        nothing = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDWR, 0)
        copies = [(os.POSIX_SPAWN_DUP2, 0, number) for number in (1, 2)]
        os.posix_spawn(command[0], command, os.environ, file_actions=[nothing, *copies], setsid=True)
    except (AttributeError, NotImplementedError):  # not on every platform; `subprocess` costs a hook 5 ms
        _start_slowly(command, state)


def _start_slowly(command: list[str], state: State) -> None:
    import subprocess  # noqa: PLC0415

    subprocess.Popen(  # noqa: S603 - this interpreter, this package
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd=state.folder,
    )


def read_host_pid(argv: Sequence[str]) -> int | None:
    """Return the host's process id as `start_uploader` passes it; None if it has ended or is unknown."""
    text = next((argument.removeprefix(_OPTION) for argument in argv if argument.startswith(_OPTION)), "")
    pid = int(text) if text.isascii() and text.isdigit() else 0
    return pid if os.name == "posix" and pid > 1 else None


def is_alive(pid: int) -> bool:
    """Return whether this process exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
