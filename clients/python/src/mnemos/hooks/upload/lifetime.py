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

#: Without its host the uploader ends after so long in which nothing was connected, sent or answered: nobody
#: finds a process a second after the host has gone, unless it has something to do.
PATIENCE_SECONDS = 0.5
_LOOK_SECONDS = 0.05
_OPTION = "--host-pid="


class Lifetime:
    """Watches the host, and what the uploader achieves."""

    def __init__(self, host_pid: int | None, end: Callable[[], None]) -> None:
        """Take the process that must live, None when it has gone, and what is to be done at the end."""
        self._host_pid = host_pid
        self._end = end
        self._progress_at = time.monotonic()

    def note_progress(self) -> None:
        """Say that something was connected, sent or answered."""
        self._progress_at = time.monotonic()

    def start(self) -> None:
        """Watch from here on, on a thread."""
        _thread.start_new_thread(self._watch, ())

    def _watch(self) -> None:
        while self._host_pid is not None and is_alive(self._host_pid):
            time.sleep(_LOOK_SECONDS)
        gone_at = time.monotonic()
        while (left := max(gone_at, self._progress_at) + PATIENCE_SECONDS - time.monotonic()) > 0:
            time.sleep(min(left, _LOOK_SECONDS))
        self._end()


def start_uploader(state: State, harness: str) -> None:
    """Start the uploader on its own, out of reach of the host's kill of this hook's process group."""
    # -P: a folder called `mnemos` in the user's project must not be taken for this package
    options = ["hook", "upload", "--harness", harness, f"{_OPTION}{os.getppid()}"]
    command = [sys.executable, "-P", "-m", "mnemos", *options]
    try:
        nothing = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDWR, 0)
        copies = [(os.POSIX_SPAWN_DUP2, 0, number) for number in (1, 2)]
        os.posix_spawn(command[0], command, os.environ, file_actions=[nothing, *copies], setsid=True)
    except (AttributeError, NotImplementedError):  # not on every platform, and `subprocess` costs a hook 5 ms
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
    """Read what `start_uploader` said of the host; None when it has gone, or nothing can be known of it."""
    text = next((argument.removeprefix(_OPTION) for argument in argv if argument.startswith(_OPTION)), "")
    pid = int(text) if text.isascii() and text.isdigit() else 0
    return pid if os.name == "posix" and pid > 1 else None


def is_alive(pid: int) -> bool:
    """Return whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
