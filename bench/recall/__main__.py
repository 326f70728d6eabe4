"""`python -m bench.recall`: ask questions about conversations, and measure how much evidence is found."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

from bench.common import databases
from bench.common.client import UnexpectedResponse
from bench.common.pages import describe_command, publish
from bench.recall.comparing import load_scores, render_comparison
from bench.recall.datasets import ADVERSARIAL, AGENTS, DataSet, load_data_set
from bench.recall.report import render, to_json
from bench.recall.searching import EngineRun, Setup, measure_engine
from bench.recall.seeding import PARTS

_ERRORS = (*databases.NO_DATABASE, UnexpectedResponse, RuntimeError, OSError, ValueError)


def main() -> None:
    """Measure as the arguments say; print the report, or write it into docs/benchmarks.md."""
    options = _parser().parse_args()
    command = describe_command("bench.recall")
    try:
        data_set = _load(options)
        earlier = load_scores(options.against) if options.against else None
        runs = _measure(options, data_set)
        if earlier is not None:
            gains = [render_comparison(run, earlier, options.against.name) for run in runs]
            print(*gains, sep="\n", file=sys.stderr)
    except _ERRORS as error:
        sys.exit(f"bench: {error}")
    if options.json:
        print(json.dumps(to_json(runs, data_set, command), indent=1))
    else:
        name = "recall-agents" if options.agents else "recall"
        publish(name, render(runs, data_set, command), write=options.write)


def _measure(options: argparse.Namespace, data_set: DataSet) -> list[EngineRun]:
    setup = Setup(dict(options.set), options.without, options.categories)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mnemos-bench-")))
        engines = list(databases.open_engines(options, stack, folder))

        async def measure_all() -> list[EngineRun]:
            return [await measure_engine(engine, data_set, setup, folder) for engine in engines]

        return asyncio.run(measure_all())


def _load(options: argparse.Namespace) -> DataSet:
    if options.agents:
        return load_data_set(sorted(AGENTS.glob("*.json")), "Coding agents", shares_tenant=True)
    return load_data_set([options.file], options.name or options.file.stem)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.recall", description=__doc__)
    add = parser.add_argument
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("file", nargs="?", type=Path, metavar="FILE", help="conversations in LoCoMo's format")
    what.add_argument("--agents", action="store_true", help="use the conversations of coding agents instead")
    add("--name", help="name of the data set in the report (default: the file's)")
    databases.add_arguments(parser, default="sqlite")
    add(
        "--categories",
        type=_categories,
        default=_categories(f"1-{ADVERSARIAL}"),
        metavar="1-4",
        help="ask only these; adversarial questions (5) are reported apart (default: all)",
    )
    add(
        "--without",
        choices=PARTS,
        action="append",
        default=[],
        help="leave a part out of the messages; can be repeated",
    )
    add(
        "--set",
        type=_setting,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a setting of the server, without MNEMO_; can be repeated",
    )
    add(
        "--against",
        type=Path,
        metavar="JSON",
        help="also print on standard error how each measure differs from what --json printed earlier",
    )
    add(
        "--json", action="store_true", help="print all figures, and what was found for each question, as JSON"
    )
    add("--write", action="store_true", help="write the report into docs/benchmarks.md")
    return parser


def _categories(text: str) -> frozenset[int]:
    """Read `1-4`, `2` or `1,3-4`."""
    try:
        return frozenset(number for part in text.split(",") for number in _range(part))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} isn't a list of numbers such as 1-4 or 2,5") from None


def _range(text: str) -> Iterable[int]:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} isn't NAME=VALUE")
    return name.removeprefix("MNEMO_"), value


if __name__ == "__main__":
    main()
