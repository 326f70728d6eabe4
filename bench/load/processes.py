"""Start the bare server."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.common.processes import Program, run_program


@contextmanager
def bare_server(folder: Path, dsn: str) -> Iterator[Program]:
    """Run the bare server; its DSN is in the environment, as it may contain a password."""
    command = [sys.executable, "-m", "bench.load.bare"]
    with run_program(command, folder / "bare.log", {"MNEMO_DSN": dsn}) as program:
        yield program
