"""The pytest plugin of this repository: fixtures for a live database, and a header that names it.

`live_server` and `live_dsn` skip, with one loud line in the summary, where there is no live database.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.support import counts
from tests.support.databases.livedb import (
    LiveServer,
    NoLiveDatabase,
    UnusableDatabase,
    describe_choice,
    open_live_server,
)

#: Prefixes of our variables, and prefixes of the ones among them that are meant for tests.
SETTINGS = ("MNEMO_", "MNEMOS_", "MEM9_", "CLAUDE_PLUGIN_OPTION_")
TEST_SETTINGS = ("MNEMO_TEST_", "MNEMOS_TEST_")

ABSENT = pytest.StashKey[str]()
USED = pytest.StashKey[str]()
SUMMARY = {"absent": ABSENT, "used": USED}


def pytest_configure() -> None:
    """Remove this user's own settings from the environment before any process reads them."""
    for name in list(os.environ):
        if name.startswith(SETTINGS) and not name.startswith(TEST_SETTINGS):
            del os.environ[name]


def pytest_report_header() -> str:
    """Return which live database this run is going to use."""
    return f"live database: {describe_choice()}"


@pytest.fixture(scope="session")
def live_server(request: pytest.FixtureRequest) -> Iterator[LiveServer]:
    """The live database server: engine, version, host, port, user. Session-wide."""
    stash = request.config.stash
    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(open_live_server())
        except NoLiveDatabase as reason:
            stash[ABSENT] = str(reason)
            pytest.skip(str(reason))
        except UnusableDatabase as reason:
            raise pytest.fail.Exception(str(reason), pytrace=False) from None
        stash[USED] = str(server)
        yield server


@pytest.fixture
def live_dsn(live_server: LiveServer) -> Iterator[str]:
    """The URL of a fresh, empty database on the live server; dropped after the test."""
    with fresh_database(live_server) as dsn:
        yield dsn


@pytest.fixture(scope="module")
def module_live_dsn(live_server: LiveServer) -> Iterator[str]:
    """As `live_dsn`, but one for all tests of a module."""
    with fresh_database(live_server) as dsn:
        yield dsn


@contextlib.contextmanager
def fresh_database(server: LiveServer) -> Iterator[str]:
    """Yield the URL of a new, empty database and drop it afterwards."""
    name = f"mnemos_t_{secrets.token_hex(6)}"
    run_statement(server, f"CREATE DATABASE {name}")
    try:
        yield server.dsn(name)
    finally:
        run_statement(server, f"DROP DATABASE IF EXISTS {name}")


def run_statement(server: LiveServer, statement: str) -> None:
    """Run one statement on its own connection, in a thread, since the caller may be an async fixture."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(asyncio.run, execute(server, statement)).result(timeout=30)


async def execute(server: LiveServer, statement: str) -> None:
    """Connect, run `statement`, close."""
    import asyncmy  # noqa: PLC0415  (an environment without the server has no driver)

    wants_tls = {"tls", "ssl"} & parse_qs(server.options).keys()
    connection = await asyncmy.connect(
        host=server.host, port=server.port, user=server.user, password=server.password,
        ssl=ssl.create_default_context() if wants_tls else None, connect_timeout=10,
    )  # fmt: skip
    try:
        async with connection.cursor() as cursor:
            await cursor.execute(statement)
    finally:
        await connection.ensure_closed()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In a worker process, pass on what the summary of the whole run reports."""
    config = session.config
    if hasattr(config, "workeroutput"):
        config.workeroutput["live"] = {
            name: config.stash[key] for name, key in SUMMARY.items() if key in config.stash
        }


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Collect what a worker process passed on, unless it crashed."""
    for name, value in getattr(node, "workeroutput", {}).get("live", {}).items():
        node.config.stash[SUMMARY[name]] = value


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Report in the summary which live database was used, or that there was none."""
    if USED in config.stash:
        terminalreporter.write_line(f"live database: {config.stash[USED]}")
    if ABSENT in config.stash:
        terminalreporter.write_sep("!", f"LEFT OUT: {config.stash[ABSENT]}", yellow=True, bold=True)
    is_one_of_several = hasattr(config, "workeroutput")  # the main process counts their outcomes
    if (target := os.environ.get(counts.TARGET)) and not is_one_of_several:
        counts.record(target, terminalreporter.stats)
