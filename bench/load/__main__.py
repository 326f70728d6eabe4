"""`python -m bench.load`: measure every operation on SQLite and on the live database."""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import shlex
import sqlite3
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncmy

from bench.load import machine
from bench.load.client import UnexpectedAnswer
from bench.load.engines import Engine, Plan, measure_engine
from bench.load.operations import OPERATIONS
from bench.load.profiling import profile_engine
from bench.load.report import render, replace_between_markers
from tests.support import livedb

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
#: Databases of ours on a shared server begin so.
DATABASE_PREFIX = "mnemos_bench_"


def main() -> None:
    """Measure as the arguments say; print the report, or write it into docs/benchmarks.md."""
    options = _parser().parse_args()
    try:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mnemos-bench-")))
            asyncio.run(_run(options, list(_engines(options, stack, folder)), folder))
    except (livedb.NoLiveDatabase, livedb.UnusableDatabase, UnexpectedAnswer, RuntimeError) as error:
        sys.exit(f"bench: {error}")


async def _run(options: argparse.Namespace, engines: list[Engine], folder: Path) -> None:
    plan = Plan(
        memories=options.memories,
        clients=tuple(options.clients),
        rounds=options.rounds,
        seconds=options.seconds,
        operations=tuple(one for one in OPERATIONS if one.name in (options.only or [one.name])),
        with_bare=options.bare,
    )
    if options.profile:
        for engine in engines:
            await profile_engine(engine, plan, folder)
        return
    report = render([await measure_engine(engine, plan, folder) for engine in engines], plan, _command())
    if options.write:
        replace_between_markers(PAGE, report)
        print(f"written to {PAGE}", file=sys.stderr)
    else:
        print(report)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    add = parser.add_argument
    add(
        "--engine", choices=["sqlite", "live", "both"], default="both", help="which databases (default: both)"
    )
    add("--dsn", help=f"URL of a live database server instead of {livedb.GIVEN_DSN} or one that is started")
    add("--memories", type=int, default=1_000, metavar="N", help="stored before measuring, per tenant")
    add("--clients", type=int, nargs="+", default=[1, 8, 32], metavar="N", help="clients at the same time")
    add("--rounds", type=int, default=3, metavar="N", help="rounds; the report gives their medians")
    add("--seconds", type=float, default=1, metavar="S", help="length of a round of one operation")
    add("--only", nargs="+", choices=[one.name for one in OPERATIONS], help="measure these operations only")
    add("--bare", action=argparse.BooleanOptionalAction, default=True, help="compare with the bare server")
    add("--profile", action="store_true", help="print where the server spends its time instead")
    add("--write", action="store_true", help="write the report into docs/benchmarks.md")
    return parser


def _engines(options: argparse.Namespace, stack: ExitStack, folder: Path) -> Iterator[Engine]:
    """Give the databases to measure on, each empty and gone afterwards."""
    if options.engine in ("sqlite", "both"):
        yield Engine(f"SQLite {sqlite3.sqlite_version}", f"sqlite:///{folder / 'memories.db'}")
    if options.engine in ("live", "both"):
        given = {livedb.GIVEN_DSN: options.dsn} if options.dsn else {}
        server = stack.enter_context(livedb.open_live_server(os.environ | given))
        title = f"{livedb.NAMES[server.engine]} {server.version}"
        dsn = stack.enter_context(_database(server))
        yield Engine(title, dsn, machine.find_listener(server.port))


@contextmanager
def _database(server: livedb.LiveServer) -> Iterator[str]:
    """Give the DSN of a database that the measured server makes; drop it at the end."""
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


def _command() -> str:
    """Give the command that was run, without a password."""
    arguments = [re.sub(r"(?<=//)([^:@/]*):[^@]*@", r"\1:***@", argument) for argument in sys.argv[1:]]
    return shlex.join(["python", "-m", "bench.load", *arguments])


if __name__ == "__main__":
    main()
