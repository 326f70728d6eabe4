"""Finding the processes that something left behind, by a mark in their environment (Linux)."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

#: Variable that carries the mark; every process started by a marked one inherits it.
MARK_VARIABLE = "MNEMOS_TEST_MARK"


def find_marked(mark: str) -> list[str]:
    """Give pid and command of each living process whose environment carries the mark."""
    wanted = f"{MARK_VARIABLE}={mark}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended meanwhile, or is somebody else's
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                found.append(f"{folder.name} {command.strip()}")
    return found
