"""Start the programs under measurement, each as a process of its own, and stop them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.common.client import Address

#: Seconds within which a program must print its address, and within which it must stop.
START_SECONDS = 60
STOP_SECONDS = 20
_URL = re.compile(r"(http://\S+)")
#: Prefixes of variables that aren't passed on: the user's settings must not change what is measured.
_OURS = ("MNEMO_", "MEM9_", "MNEMOS_")


@dataclass(frozen=True, slots=True)
class Program:
    """A running program and its address."""

    pid: int
    address: Address


#: Settings of a server without embeddings, which would use the rest of the processor in the background.
WITHOUT_MODEL: Final = {"EMBEDDER": "none"}


@contextmanager
def mnemo_server(
    folder: Path, dsn: str, wrapper: Sequence[str] = (), settings: Mapping[str, str] | None = None
) -> Iterator[Program]:
    """Run a server as users do, but without rate limits.

    Args:
        folder: for its log.
        dsn: the database.
        wrapper: arguments of Python before the server's module.
        settings: further settings, without `MNEMO_`.
    """
    ours = {"DSN": dsn, "PORT": "0", "RATE_LIMIT": "0", "PROVISION_PER_HOUR": "0", **(settings or {})}
    command = [sys.executable, *wrapper, "-m", "mnemo_server"]
    environment = {f"MNEMO_{key}": value for key, value in ours.items()}
    with run_program(command, folder / "server.log", environment) as program:
        yield program


@contextmanager
def run_program(command: list[str], log_path: Path, settings: Mapping[str, str]) -> Iterator[Program]:
    """Run a program that prints its address on standard output; stop it at the end.

    Raises:
        RuntimeError: it doesn't start; the message contains the end of its log.
    """
    env = {key: value for key, value in os.environ.items() if not key.startswith(_OURS)} | dict(settings)
    with log_path.open("w") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=env)
    try:
        url = _read_url(process)
        if url is None:
            ending = log_path.read_text()[-2_000:]
            raise RuntimeError(f"{' '.join(command)} didn't start; its log ends:\n{ending}")
        yield Program(process.pid, Address.of(url))
    finally:
        _stop(process)


def _read_url(process: subprocess.Popen[str]) -> str | None:
    """Return the first URL on standard output; None if the process ends or time is up before."""
    timer = threading.Timer(START_SECONDS, process.kill)
    timer.start()
    try:
        for line in process.stdout or ():
            if found := _URL.search(line):
                return found[1]
    finally:
        timer.cancel()
    return None


def _stop(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(STOP_SECONDS)
    if process.stdout is not None:
        process.stdout.close()
