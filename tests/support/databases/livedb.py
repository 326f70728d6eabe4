"""A live database for tests: the one that is configured, or the best one this machine can start.

In this order: the URL in `MNEMO_TEST_DSN`, a `tidb-server` on PATH, Docker with TiDB's image, MariaDB.
`MNEMO_TEST_REQUIRE=tidb` makes it an error to end up with anything else. Only the standard library is
used here, so that `noxfile.py` can start one server for all its sessions.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from tests.support import guard
from tests.support.databases.launchers import TO_INSTALL, Launcher, find_launchers

GIVEN_DSN = "MNEMO_TEST_DSN"
REQUIRED_ENGINE = "MNEMO_TEST_REQUIRE"
GIVEN_SECONDS = 60.0  # how long a service container may still be starting
POLL_SECONDS = 0.1
NAMES = {"tidb": "TiDB", "mariadb": "MariaDB", "mysql": "MySQL"}


class NoLiveDatabase(Exception):
    """There is no live database; the message names what to install."""


class UnusableDatabase(Exception):
    """A database was configured or required, and it is missing or the wrong one."""


@dataclass(frozen=True, slots=True)
class LiveServer:
    """A running database server that speaks the MySQL protocol."""

    engine: str  # "tidb" | "mariadb" | "mysql", as the server itself reports
    version: str
    host: str
    port: int
    origin: str  # where it comes from, for messages
    user: str = "root"
    password: str = field(default="", repr=False)
    options: str = ""  # query part of the DSN, such as "tls=true"

    def dsn(self, database: str) -> str:
        """Return the URL of one database on this server, password included."""
        password = f":{quote(self.password, safe='')}" if self.password else ""
        options = f"?{self.options}" if self.options else ""
        login = f"{quote(self.user, safe='')}{password}"
        return f"{self.engine}://{login}@{self.host}:{self.port}/{database}{options}"

    def __str__(self) -> str:
        return f"{NAMES[self.engine]} {self.version} at {self.host}:{self.port} ({self.origin})"


@contextlib.contextmanager
def open_live_server(environment: Mapping[str, str] = os.environ) -> Iterator[LiveServer]:
    """Yield the live server, started here unless it was configured; stop what was started.

    Raises:
        NoLiveDatabase: nothing was configured or required, and nothing can be started.
        UnusableDatabase: the configured server doesn't respond, or isn't the required one.
    """
    with contextlib.ExitStack() as stack:
        given = environment.get(GIVEN_DSN)
        server = attach(given) if given else start_best(environment, stack)
        require_engine(environment, server.engine)
        yield server


def describe_choice(environment: Mapping[str, str] = os.environ) -> str:
    """Return one line on what `open_live_server` will use; starts nothing."""
    if given := environment.get(GIVEN_DSN):
        return f"{urlsplit(given).hostname}:{urlsplit(given).port}, from {GIVEN_DSN}"
    best = next(iter(find_launchers(environment)), None)
    return f"{best.title}, started when a test asks for it" if best else f"none; {TO_INSTALL}"


def attach(dsn: str) -> LiveServer:
    """Return the server a URL points at, once it responds."""
    url = urlsplit(dsn)
    if url.scheme not in NAMES or not url.hostname:
        raise UnusableDatabase(f"{GIVEN_DSN} has to be a URL such as tidb://root@127.0.0.1:4000/test")
    port = url.port or 4000
    greeting = wait_for_greeting(url.hostname, port, seconds=GIVEN_SECONDS)
    if greeting is None:
        raise UnusableDatabase(f"{GIVEN_DSN}: nothing answers at {url.hostname}:{port}")
    return LiveServer(
        *read_version(greeting), url.hostname, port, GIVEN_DSN,
        user=unquote(url.username or "root"), password=unquote(url.password or ""), options=url.query,
    )  # fmt: skip


def start_best(environment: Mapping[str, str], stack: contextlib.ExitStack) -> LiveServer:
    """Start the first launcher that works; report on standard error why a better one didn't."""
    for launcher in find_launchers(environment):
        try:
            return stack.enter_context(started(launcher))
        except UnusableDatabase as reason:
            sys.stderr.write(f"live database: {reason}\n")
    require_engine(environment, "none")
    raise NoLiveDatabase(f"no live database: {TO_INSTALL}")


def require_engine(environment: Mapping[str, str], engine: str) -> None:
    """Raise `UnusableDatabase` when the environment requires another engine."""
    required = environment.get(REQUIRED_ENGINE)
    if required and required != engine:
        raise UnusableDatabase(f"{REQUIRED_ENGINE}={required}, but the live database is: {engine}")


@contextlib.contextmanager
def started(launcher: Launcher) -> Iterator[LiveServer]:
    """Run a database in a temporary folder, under a guard that outlives no one."""
    folder = Path(tempfile.mkdtemp(prefix="mnemos-live-"))
    port = free_port()
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        try:
            command = launcher.command(folder, port)
        except (OSError, subprocess.SubprocessError) as error:
            raise UnusableDatabase(f"{launcher.title} can't be set up: {error}") from error
        process = stack.enter_context(guarded(command, folder))
        greeting = wait_for_greeting("127.0.0.1", port, seconds=launcher.start_seconds, process=process)
        if greeting is None:
            log = (folder / "log").read_text(encoding="utf-8", errors="replace")
            raise UnusableDatabase(f"{launcher.title} didn't start; its log ends:\n{log[-2000:]}")
        yield LiveServer(*read_version(greeting), "127.0.0.1", port, f"started {launcher.title}")


@contextlib.contextmanager
def guarded(command: list[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `command` under `guard.py`, its output in `folder`/log; closing the pipe ends it."""
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, guard.__file__, str(folder), *command],
            stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        yield process
    finally:
        if process.stdin:
            process.stdin.close()
        process.wait(guard.STOP_SECONDS + 10)


def wait_for_greeting(
    host: str, port: int, *, seconds: float, process: subprocess.Popen[bytes] | None = None
) -> bytes | None:
    """Return the server's first packet, or None when it doesn't come in time or `process` ends."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and (process is None or process.poll() is None):
        try:
            with socket.create_connection((host, port), timeout=2) as connection:
                greeting = connection.recv(256)
        except OSError:
            greeting = b""
        if greeting[4:5] == b"\x0a":  # protocol version 10; an error packet has 255 here
            return greeting
        time.sleep(POLL_SECONDS)
    return None


def read_version(greeting: bytes) -> tuple[str, str]:
    """Return engine and version from a handshake packet: header of 4 bytes, a 10, text up to a NUL."""
    text = greeting[5:].split(b"\0", 1)[0].decode("ascii", "replace")
    if tidb := re.search(r"-TiDB-v?(.+)", text):
        return "tidb", tidb[1]
    if mariadb := re.search(r"([0-9.]+)-MariaDB", text):
        return "mariadb", mariadb[1]
    return "mysql", text


def free_port() -> int:
    """Return a loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
