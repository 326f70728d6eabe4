"""Processes of a host and everything it started, found by a mark in their environment."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

#: The variable that marks a process and all its descendants.
MARK_VARIABLE = "MNEMOS_TEST_MARK"


def find_marked(mark: str) -> dict[int, str]:
    """Return the running processes whose environment has the mark: pids and command lines."""
    wanted = f"{MARK_VARIABLE}={mark}".encode()
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or belongs to another user
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                found[int(folder.name)] = command.strip()
    return found


def kill_group(pid: int) -> None:
    """Kill what remains of a process group."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
