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

from bench.common.client import Address, HttpConnection
from bench.common.pages import render_table
from bench.common.processes import mnemo_server
from bench.common.relay import delaying_relay
from bench.recall.datasets import DataSet
from bench.recall.seeding import seed
from bench.recall_blocks.hook import PROJECT_PREFIX, Host
from bench.recall_blocks.prompts import Prompt

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
    """Of each hook, process start included, ascending."""


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
    """
    program, folder = host
    with mnemo_server(folder, f"sqlite:///{folder / 'memories.db'}") as server:
        connection = await HttpConnection.open(server.address)
        pools = await seed(connection, server.address, data_set, project_prefix=PROJECT_PREFIX)
        connection.close()
        address = next(iter(pools.values())).address
        patient = Host(program, address, folder / "patient", _UNLIMITED_MS)
        answered: list[Prompt] = []
        for prompt in prompts:
            if len(answered) == count:
                break
            if prompt.kind == "relevant" and patient.send_prompt(prompt.project, prompt.text).text:
                answered.append(prompt)
        return [_time_series(name, answered, program, folder / f"home-{name}", address) for name in series]


def render(timed: Sequence[Timed]) -> str:
    """Return a table of the series."""
    rows = [
        [
            _describe(one.name),
            f"{one.in_time} of {len(one.times_ms)}",
            *(f"{_at(one.times_ms, share):.0f}" for share in (0.5, 0.95, 1.0)),
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
    return Timed(
        name, sum(bool(block.text) for block in blocks), tuple(sorted(block.elapsed_ms for block in blocks))
    )


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


def _at(ascending: Sequence[float], share: float) -> float:
    return ascending[min(int(len(ascending) * share), len(ascending) - 1)]
