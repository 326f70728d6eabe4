"""`python -m bench.recall_blocks`: send prompts to the real hook, and measure what the model is shown."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.common.client import UnexpectedResponse
from bench.common.machine import describe_machine
from bench.common.pages import describe_command, publish
from bench.recall.datasets import DataSet
from bench.recall_blocks.prompts import SETS, Prompt, load_prompts
from bench.recall_blocks.report import read_json, render, render_blocks, to_json
from bench.recall_blocks.running import run_hooks
from bench.recall_blocks.timing import HostSettings, time_prompts
from bench.recall_blocks.timing import render as render_times

_ERRORS = (UnexpectedResponse, RuntimeError, OSError, ValueError, TimeoutError)
#: Far longer than a hook takes, so that the figures depend on relevance and not on speed.
_DEADLINE_MS = 5_000


def main() -> None:
    """Measure as the arguments say; print the report, or write it into docs/benchmarks.md."""
    options = _parser().parse_args()
    try:
        _run(options)
    except _ERRORS as error:
        sys.exit(f"bench: {error or type(error).__name__}")


def _run(options: argparse.Namespace) -> None:
    paths = options.files or sorted(SETS.glob("*.json"))
    data_set, prompts = load_prompts(paths, options.name)
    if options.in_time:
        _time(options, data_set, prompts)
        return
    before = None if options.against is None else read_json(options.against)
    deadline = None if options.deadline_ms == 0 else options.deadline_ms
    with tempfile.TemporaryDirectory(prefix="mnemos-bench-") as folder:
        shown = asyncio.run(run_hooks(data_set, prompts, options.program, Path(folder), deadline))
    if options.json:
        options.json.write_text(to_json(shown), encoding="utf-8")
    lines = [
        f"- `{describe_command('bench.recall_blocks')}`",
        f"- {len(data_set.conversations)} projects, {data_set.turn_count:,} remembered turns",
        "",
        render(shown, before),
    ]
    if options.show:
        print(render_blocks(shown, data_set, options.show))
    publish(f"recall-blocks-{options.name}", "\n".join(lines), write=options.write)


def _time(options: argparse.Namespace, data_set: DataSet, prompts: Sequence[Prompt]) -> None:
    with tempfile.TemporaryDirectory(prefix="mnemos-bench-") as folder:
        timed = asyncio.run(
            time_prompts(
                data_set, prompts, HostSettings(options.program, Path(folder)), options.in_time, options.count
            )
        )
    lines = [
        f"- `{describe_command('bench.recall_blocks')}`",
        f"- {describe_machine()}",
        "",
        render_times(timed),
    ]
    publish("recall-in-time", "\n".join(lines), write=options.write)


def _parser() -> argparse.ArgumentParser:
    description = __doc__.partition(": ")[2]
    parser = argparse.ArgumentParser(prog="python -m bench.recall_blocks", description=description)
    add = parser.add_argument
    add("files", nargs="*", type=Path, metavar="FILE", help="projects and prompts (default: our own)")
    add("--name", default="own", help="name of the set in the report (default: own)")
    program = Path(sys.executable).with_name("mnemos")
    add("--program", type=Path, default=program, metavar="PATH", help="the `mnemos` whose hook is measured")
    add(
        "--deadline-ms",
        type=int,
        default=_DEADLINE_MS,
        metavar="MS",
        help=f"deadline of a hook (default: {_DEADLINE_MS}); 0: the product's own",
    )
    add(
        "--in-time",
        type=_read_series,
        metavar="SERIES",
        help="measure how many prompts are answered in time instead: round trips in ms, and `busy`, "
        "for example 0,40,80,150,busy",
    )
    add("--count", type=int, default=20, metavar="N", help="prompts of each series (default: 20)")
    add("--json", type=Path, metavar="FILE", help="also write every prompt with its block to a file")
    add("--against", type=Path, metavar="FILE", help="compare with what --json wrote earlier")
    add("--show", type=int, default=0, metavar="N", help="also print N blocks in full, half of them bad ones")
    add("--write", action="store_true", help="write the report into docs/benchmarks.md")
    return parser


def _read_series(text: str) -> list[str]:
    series = text.split(",")
    for name in series:
        if name != "busy" and not name.isdecimal():
            raise argparse.ArgumentTypeError(f"{name!r} is neither milliseconds nor `busy`")
    return series


if __name__ == "__main__":
    main()
