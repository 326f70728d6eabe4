"""Real servers for tests: `mnemo-server` as its own process, on SQLite or on the live database."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

#: Seconds until a server must have printed its greeting, and until it must have stopped.
START_SECONDS = 30
STOP_SECONDS = 15
_GREETING = re.compile(r"mnemos is running at (\S+)")
_KEY = re.compile(r"export MEM9_API_KEY=(\S+)")


@dataclass
class RunningServer:
    """A server process, its address, and the key of its first tenant ("" when it isn't shown)."""

    process: subprocess.Popen[str]
    url: str
    api_key: str
    log_path: Path
    #: What it printed when it was ready.
    greeting: str = ""

    def stop(self) -> int:
        """Ask it to stop and wait until it has stopped."""
        return self._end(signal.SIGTERM)

    def kill(self) -> int:
        """Kill it at once, as a crash would."""
        return self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(STOP_SECONDS)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code


def start_server(folder: Path, dsn: str, *, api_key: str = "", **settings: str) -> RunningServer:
    """Start a server in a new process and wait for its greeting.

    Args:
        folder: the folder of its log.
        dsn: its database.
        api_key: the key to use when the database has one already.
        settings: further MNEMO_* variables, named without the prefix.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log_path = folder / "server.log"
    env = {key: value for key, value in os.environ.items() if not key.startswith(("MNEMO_", "MEM9_"))}
    env |= {"MNEMO_DSN": dsn, "MNEMO_PORT": "0", "MNEMO_RATE_LIMIT": "0"}
    env |= {"MNEMO_EMBEDDER": "none"}
    env |= {f"MNEMO_{name.upper()}": value for name, value in settings.items()}
    with log_path.open("a") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "mnemo_server"],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=env,
        )
    greeting = _read_greeting(process)
    url, key = _GREETING.search(greeting), _KEY.search(greeting)
    if url is None:
        process.kill()
        process.communicate(timeout=STOP_SECONDS)
        raise RuntimeError(f"no greeting from the server:\n{greeting}\n{log_path.read_text()}")
    return RunningServer(process, url[1], key[1] if key else api_key, log_path, greeting)


def _read_greeting(process: subprocess.Popen[str]) -> str:
    """Read standard output until the greeting is complete, the process ends, or time is up."""
    assert process.stdout is not None
    timer = threading.Timer(START_SECONDS, process.kill)
    timer.start()
    lines: list[str] = []
    try:
        for line in process.stdout:
            lines.append(line)
            if line.startswith(("Stop the server", "Use the key")):
                break
    finally:
        timer.cancel()
    return "".join(lines)


@pytest.fixture(params=["sqlite", "live"])
def server_dsn(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """DSN of a fresh, empty database: once SQLite, once the live database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'memories.db'}"
    dsn: str = request.getfixturevalue("live_dsn")
    return dsn


@pytest.fixture
def mnemo_server(server_dsn: str, tmp_path: Path) -> Iterator[RunningServer]:
    """A running server with an empty memory."""
    server = start_server(tmp_path / "server", server_dsn)
    yield server
    server.stop()
