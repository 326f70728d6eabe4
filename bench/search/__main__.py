"""`python -m bench.search`: measure the whole search against the number of memories."""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import platformdirs
from mnemo_server.embedding.ports import EmbeddingError

from bench.common import databases
from bench.common.client import UnexpectedResponse
from bench.common.databases import Engine
from bench.common.pages import describe_command, publish
from bench.search.measure import Plan, measure
from bench.search.parts import measure_parts
from bench.search.plots import NoPlots, draw, load_pyplot
from bench.search.report import EngineResult, render
from bench.search.seeding import Seeded, ensure_pool, seed, seed_sqlite

SIZES = (1_000, 10_000, 100_000, 1_000_000)
#: A live database is filled from scratch in every run, which takes a minute for each 100,000.
LARGEST_LIVE = 100_000
_ERRORS = (*databases.NO_DATABASE, UnexpectedResponse, EmbeddingError, NoPlots, RuntimeError, TimeoutError)


def main() -> None:
    """Measure as the arguments say; print the report, or write it and its plots into docs/."""
    options = _parser().parse_args()
    command = describe_command("bench.search")
    options.cache.mkdir(parents=True, exist_ok=True)
    try:
        if options.write:
            load_pyplot()  # fail now rather than after all the measuring
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mnemos-bench-")))
            engines = list(databases.open_engines(options, stack, folder))
            asyncio.run(_run(options, engines, folder, command))
    except _ERRORS as error:
        sys.exit(f"bench: {error or type(error).__name__}")


async def _run(options: argparse.Namespace, engines: Sequence[Engine], folder: Path, command: str) -> None:
    plan = Plan(options.questions, options.rounds)
    if options.profile:
        for engine in engines:
            async for seeded in _fill(engine, options):
                if not seeded.is_shared:
                    await measure_parts(seeded, plan.questions, with_profile=True)
        return
    results = [await _measure_engine(engine, options, plan, folder) for engine in engines]
    publish("search", render(results, plan, command), write=options.write)
    if options.write:
        draw(results)


async def _measure_engine(
    engine: Engine, options: argparse.Namespace, plan: Plan, folder: Path
) -> EngineResult:
    measured, parts = [], {}
    async for seeded in _fill(engine, options):
        measured.append(await measure(seeded, plan, folder))
        if not seeded.is_shared:
            parts[seeded.count] = await measure_parts(seeded, plan.questions)
    return EngineResult(engine.title, measured, parts)


async def _fill(engine: Engine, options: argparse.Namespace) -> AsyncIterator[Seeded]:
    """Yield the databases of one engine, one size after the other."""
    for count in sorted(options.sizes):
        if engine.title == _sqlite_title():
            filled = await seed_sqlite(engine.title, count, options.cache)
        elif count <= LARGEST_LIVE:
            pool = await ensure_pool(count, options.cache)
            filled = await seed(engine.title, [engine.dsn], count, pool, engine.database_pid)
        else:
            filled = []
        for seeded in filled:
            yield seeded


def _sqlite_title() -> str:
    return f"SQLite {sqlite3.sqlite_version}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.search", description=__doc__)
    databases.add_arguments(parser, default="both")
    add = parser.add_argument
    add("--sizes", type=_sizes, default=SIZES, metavar="N,N", help="numbers of memories")
    add("--questions", type=int, default=40, metavar="N", help="questions of each shape in a round")
    add("--rounds", type=int, default=3, metavar="N", help="rounds; the report gives their medians")
    cache = Path(platformdirs.user_cache_dir("mnemos")) / "bench"
    add("--cache", type=Path, default=cache, help=f"folder that keeps filled databases (default: {cache})")
    add("--profile", action="store_true", help="print where choosing and ranking spend their time instead")
    add("--write", action="store_true", help="write report and plots into docs/")
    return parser


def _sizes(text: str) -> tuple[int, ...]:
    try:
        sizes = tuple(int(part.replace("_", "")) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} isn't a list of numbers such as 1000,10000") from None
    if min(sizes) < 1:
        raise argparse.ArgumentTypeError("a database needs a memory")
    return sizes


if __name__ == "__main__":
    main()
