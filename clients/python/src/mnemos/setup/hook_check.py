"""Checks that hooks answer prompts in time: runs what the host runs, and measures it as the host would.

Every run has its own state folder. So a run that is too late doesn't keep the next one from asking, and the
state of real sessions stays as it is.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from mnemos.address import BadAddress, ServerAddress
from mnemos.config import trace_address
from mnemos.hooks.circuit import Record
from mnemos.hosts.install_port import PromptHook
from mnemos.machine.machine import Machine, SetupFailed
from mnemos.setup.server import Canary, keep_canary

RUNS = 10
#: After so many runs without a block, and none with one, the result is clear.
_HOPELESS_RUNS = 3
#: Longer than any hook runs; hosts wait for five seconds.
_LONGEST_SECONDS = 12.0


@dataclass(frozen=True, slots=True)
class Timing:
    """How the runs went."""

    runs: int
    #: Milliseconds of each run that printed the block, from its start to its end.
    in_time_ms: Sequence[float]
    #: Why the last of the others printed none.
    reason: str = ""

    @property
    def is_well(self) -> bool:
        """Return whether nearly all were in time: one may be late on a busy machine."""
        return len(self.in_time_ms) >= max(1, self.runs - 1)

    def describe(self) -> str:
        """Return a sentence such as "answered in time 10 of 10, median 54 ms"."""
        return describe_times(self.runs, self.in_time_ms) + (f"; {self.reason}" if self.reason else "")


def describe_times(count: int, in_time_ms: Sequence[float]) -> str:
    """Return how many were in time, and their median."""
    middle = f", median {median(in_time_ms):.0f} ms" if in_time_ms else ""
    return f"answered in time {len(in_time_ms)} of {count}{middle}"


def find_address(machine: Machine, hook: PromptHook) -> ServerAddress:
    """Return the server and key that a host's hooks use. Raises SetupFailed if there is none."""
    try:
        address = trace_address({**machine.environ, **hook.environ}).address
    except BadAddress as error:
        raise SetupFailed(str(error)) from None
    if not address.api_key:
        raise SetupFailed(f"hooks have no key for {address.url}")
    return address


def time_hook(machine: Machine, hook: PromptHook, address: ServerAddress) -> Timing:
    """Store a memory, run a hook with prompts about it, and delete it.

    Raises:
        SetupFailed: the hook can't be run, or the memory isn't found.
        MnemosError: the server returns an error, or is unreachable.
    """
    with keep_canary(address) as canary:
        return time_runs(lambda number: _run(machine, hook, canary, number))


def time_runs(run: Callable[[int], tuple[float, str]]) -> Timing:
    """Run a hook several times; `run` returns its milliseconds, and why it printed no block."""
    in_time: list[float] = []
    last_reason = ""
    for number in range(RUNS):
        ms, reason = run(number)
        last_reason = reason or last_reason
        in_time += [] if reason else [ms]
        if not in_time and number + 1 == _HOPELESS_RUNS:
            return Timing(_HOPELESS_RUNS, in_time, last_reason)
    return Timing(RUNS, in_time, last_reason)


def _run(machine: Machine, hook: PromptHook, canary: Canary, number: int) -> tuple[float, str]:
    folder = Path(tempfile.mkdtemp(prefix="mnemos-"))
    try:
        environ = {**machine.environ, **hook.environ, "XDG_STATE_HOME": str(folder)}
        given = hook.write_input(canary.prompt, f"{canary.word}-{number}", str(machine.home))
        began = time.monotonic()
        printed = _run_program(hook.command, environ, json.dumps(given).encode())
        ms = (time.monotonic() - began) * 1000
        return ms, "" if canary.sign in printed else _find_reason(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run_program(command: Sequence[str], environ: Mapping[str, str], given: bytes) -> str:
    """Return what a hook prints. Raises SetupFailed if it can't be started, or doesn't end."""
    program = shutil.which(command[0], path=environ.get("PATH", ""))
    if program is None:
        raise SetupFailed(f"hosts can't start {command[0]}: it isn't on the PATH")
    try:
        done = subprocess.run(  # noqa: S603 - what the host runs with each prompt
            [program, *command[1:]],
            input=given,
            env=environ,
            capture_output=True,
            timeout=_LONGEST_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SetupFailed(f"`{' '.join(command)}` didn't end within {_LONGEST_SECONDS:.0f} s") from None
    except OSError as error:
        raise SetupFailed(f"`{' '.join(command)}` can't be started: {error.strerror}") from None
    return done.stdout.decode("utf-8", "replace")


def _find_reason(folder: Path) -> str:
    """Return the last line that a hook logged."""
    try:
        lines = (folder / "mnemos" / "log" / "hook.log").read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    text = lines[-1].split(" ", 2)[-1].partition("; paused")[0] if lines else "the memory wasn't shown"
    return text.rpartition("nothing recalled: ")[2]


def describe_recent(record: Record) -> str:
    """Return how the last real recalls from a server went; "" if there were none."""
    if not record.recent:
        return ""
    in_time = [float(outcome.ms) for outcome in record.recent if not outcome.reason]
    missed = [outcome.reason for outcome in record.recent if outcome.reason]
    return describe_times(len(record.recent), in_time) + (f"; last miss: {missed[-1]}" if missed else "")
