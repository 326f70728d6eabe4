"""The databases to measure on: SQLite in a folder, and the live database of the tests."""

from __future__ import annotations

import argparse
import asyncio
import os
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import asyncmy

from bench.common import machine
from tests.support.databases import livedb

#: Prefix of our databases' names on a shared server.
DATABASE_PREFIX = "mnemos_bench_"
#: What `open_engines` raises when there is no database to measure on.
NO_DATABASE = (livedb.NoLiveDatabase, livedb.UnusableDatabase)


@dataclass(frozen=True, slots=True)
class Engine:
    """A database to measure on."""

    title: str
    dsn: str
    database_pid: int | None = None


def add_arguments(parser: argparse.ArgumentParser, default: str) -> None:
    """Add `--engine` and `--dsn` to a program."""
    choices = ["sqlite", "live", "both"]
    parser.add_argument(
        "--engine", choices=choices, default=default, help=f"which databases (default: {default})"
    )
    parser.add_argument(
        "--dsn", help=f"URL of a live database server instead of {livedb.GIVEN_DSN} or one that is started"
    )


def open_engines(options: argparse.Namespace, stack: ExitStack, folder: Path) -> Iterator[Engine]:
    """Yield the databases that the arguments name, each empty, and removed when the stack closes."""
    if options.engine in ("sqlite", "both"):
        yield Engine(f"SQLite {sqlite3.sqlite_version}", f"sqlite:///{folder / 'memories.db'}")
    if options.engine in ("live", "both"):
        environment = {livedb.GIVEN_DSN: options.dsn} if options.dsn else {}
        server = stack.enter_context(livedb.open_live_server(os.environ | environment))
        title = f"{livedb.NAMES[server.engine]} {server.version}"
        dsn = stack.enter_context(_database(server))
        yield Engine(title, dsn, machine.find_listener(server.port))


@contextmanager
def _database(server: livedb.LiveServer) -> Iterator[str]:
    """Yield the DSN of a database that the measured server creates; drop it at the end."""
    dsn = server.dsn(DATABASE_PREFIX + uuid.uuid4().hex[:8])
    try:
        yield dsn
    finally:
        asyncio.run(_drop(server, urlsplit(dsn).path.removeprefix("/")))


async def _drop(server: livedb.LiveServer, database: str) -> None:
    connection = await asyncmy.connect(
        host=server.host, port=server.port, user=server.user, password=server.password
    )
    async with connection.cursor() as cursor:
        await cursor.execute(f"DROP DATABASE IF EXISTS `{database}`")
    await connection.ensure_closed()
