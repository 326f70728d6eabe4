"""How many prompts are answered in time: by a server far away, and on a busy machine."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from bench.common.client import Address
from bench.common.pages import render_table
from bench.common.quantiles import find_quantile
from bench.common.relay import delaying_relay
from bench.recall.datasets import DataSet
from bench.recall_blocks.hook import Host
from bench.recall_blocks.prompts import Prompt
from bench.recall_blocks.running import filled_server

#: Long enough for every prompt, to find those that get a block.
_UNLIMITED_MS: Final = 10_000
_SPIN: Final = "while True: pass"


class HostSettings(NamedTuple):
    """The `mnemos` whose hook is measured, and a folder for its files."""

    program: Path
    folder: Path


@dataclass(frozen=True, slots=True)
class Timed:
    """How a series of prompts went, all of which get a block if there is time enough."""

    name: str
    in_time: int
    times_ms: tuple[float, ...]
    """Of each hook, process start included."""


async def time_prompts(
    data_set: DataSet, prompts: Sequence[Prompt], host: HostSettings, series: Sequence[str], count: int
) -> list[Timed]:
    """Ask the same prompts in each series.

    Args:
        data_set: the conversations to remember.
        prompts: those to choose from.
        host: the program, and a folder.
        series: `40` for a round trip of 40 ms; `busy` for the local server and busy processes.
        count: how many prompts to ask.

    Raises:
        RuntimeError: the server doesn't start, or a hook fails.
        UnexpectedResponse: the server returns an error.
        ValueError: no prompt gets a block, however long it takes.
    """
    program, folder = host
    async with filled_server(data_set, folder) as pool:
        address = pool.address
        patient = Host(program, address, folder / "patient", _UNLIMITED_MS)
        answered: list[Prompt] = []
        for prompt in prompts:
            if len(answered) == count:
                break
            if prompt.kind == "relevant" and patient.send_prompt(prompt.project, prompt.text).text:
                answered.append(prompt)
        if not answered:
            raise ValueError("no prompt gets a block, so there is nothing to time")
        return [_time_series(name, answered, program, folder / f"home-{name}", address) for name in series]


def render(timed: Sequence[Timed]) -> str:
    """Return a table of the series."""
    rows = [
        [
            _describe(one.name),
            f"{one.in_time} of {len(one.times_ms)}",
            *(f"{find_quantile(one.times_ms, share):.0f}" for share in (0.5, 0.95, 1.0)),
        ]
        for one in timed
    ]
    return "\n".join(render_table(["the server", "in time", "p50 ms", "p95 ms", "longest ms"], rows))


def _time_series(name: str, prompts: Sequence[Prompt], program: Path, home: Path, address: Address) -> Timed:
    with contextlib.ExitStack() as stack:
        if name == "busy":
            stack.enter_context(_keep_busy(2 * (os.cpu_count() or 1)))
        else:
            address = stack.enter_context(delaying_relay(address, float(name)))
        host = Host(program, address, home, None)
        blocks = [host.send_prompt(prompt.project, prompt.text) for prompt in prompts]
    return Timed(name, sum(bool(block.text) for block in blocks), tuple(block.elapsed_ms for block in blocks))


@contextlib.contextmanager
def _keep_busy(count: int) -> Iterator[None]:
    busy = [subprocess.Popen([sys.executable, "-S", "-c", _SPIN]) for _ in range(count)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
        for process in busy:
            process.wait()


def _describe(name: str) -> str:
    cores = os.cpu_count() or 1
    return f"local, {2 * cores} busy processes on {cores} cores" if name == "busy" else f"{name} ms away"
