"""Start the programs under measurement, each as a process of its own, and stop them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.load.client import Address

#: Seconds until a program must say where it answers, and until it must have stopped.
START_SECONDS = 60
STOP_SECONDS = 20
_URL = re.compile(r"(http://\S+)")
#: Settings of whoever runs the benchmark must not change what is measured.
_OURS = ("MNEMO_", "MEM9_", "MNEMOS_")


@dataclass(frozen=True, slots=True)
class Program:
    """A running program and where it answers."""

    pid: int
    address: Address


@contextmanager
def mnemo_server(folder: Path, dsn: str, wrapper: Sequence[str] = ()) -> Iterator[Program]:
    """Run a server as users do, but for rate limits; `wrapper` are arguments of Python before its module."""
    settings = {"DSN": dsn, "PORT": "0", "RATE_LIMIT": "0", "PROVISION_PER_HOUR": "0"}
    command = [sys.executable, *wrapper, "-m", "mnemo_server"]
    with _run(
        command, folder / "server.log", {f"MNEMO_{key}": value for key, value in settings.items()}
    ) as it:
        yield it


@contextmanager
def bare_server(folder: Path, dsn: str) -> Iterator[Program]:
    """Run the bare server; its DSN goes by the environment, as it may hold a password."""
    with _run([sys.executable, "-m", "bench.load.bare"], folder / "bare.log", {"MNEMO_DSN": dsn}) as it:
        yield it


@contextmanager
def _run(command: list[str], log_path: Path, settings: dict[str, str]) -> Iterator[Program]:
    env = {key: value for key, value in os.environ.items() if not key.startswith(_OURS)} | settings
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
    """Read standard output until an address stands there, the process ends, or time is up."""
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
