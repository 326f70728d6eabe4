"""`python -m bench.load`: measure every operation on SQLite and on the live database."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench.common import databases
from bench.common.client import UnexpectedResponse
from bench.common.databases import Engine
from bench.common.pages import describe_command, publish
from bench.load.engines import Plan, measure_engine
from bench.load.operations import OPERATIONS
from bench.load.profiling import profile_engine
from bench.load.report import render


def main() -> None:
    """Measure as the arguments say; print the report, or write it into docs/benchmarks.md."""
    options = _parser().parse_args()
    try:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mnemos-bench-")))
            asyncio.run(_run(options, list(databases.open_engines(options, stack, folder)), folder))
    except (*databases.NO_DATABASE, UnexpectedResponse, RuntimeError) as error:
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
    results = [await measure_engine(engine, plan, folder) for engine in engines]
    publish("load", render(results, plan, describe_command("bench.load")), write=options.write)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    databases.add_arguments(parser, default="both")
    add = parser.add_argument
    add("--memories", type=int, default=1_000, metavar="N", help="stored before measuring, per tenant")
    add("--clients", type=int, nargs="+", default=[1, 8, 32], metavar="N", help="clients at the same time")
    add("--rounds", type=int, default=3, metavar="N", help="rounds; the report gives their medians")
    add("--seconds", type=float, default=1, metavar="S", help="length of a round of one operation")
    add("--only", nargs="+", choices=[one.name for one in OPERATIONS], help="measure these operations only")
    add("--bare", action=argparse.BooleanOptionalAction, default=True, help="compare with the bare server")
    add("--profile", action="store_true", help="print where the server spends its time instead")
    add("--write", action="store_true", help="write the report into docs/benchmarks.md")
    return parser


if __name__ == "__main__":
    main()
