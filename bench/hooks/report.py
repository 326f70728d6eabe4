"""Write what was measured as Markdown."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bench.common.machine import describe_machine
from bench.common.pages import render_table
from bench.hooks.conditions import UP
from bench.hooks.timing import Case

#: What 95 % of the runs must stay below, in ms: with the server up, and in any other condition.
GOAL_UP_MS = 100
GOAL_BAD_MS = 150


@dataclass(frozen=True, slots=True)
class Setting:
    """Where and how it was measured."""

    command: str
    runs: int
    memories: int
    #: How `mnemos` is installed.
    installed: str
    disturbance: float


def render(bare: Sequence[Case], hooks: Sequence[Case], setting: Setting, recalling: Sequence[str]) -> str:
    """Return the whole report; `bare` contains the interpreters, and hooks are compared with the first."""
    reference = statistics.median(bare[0].cpu_ms)
    about = f"Python {platform.python_version()}; `mnemos` {setting.installed}; {setting.memories:,} memories"
    lines = [
        f"- machine: {describe_machine()}; load {', '.join(f'{load:.1f}' for load in os.getloadavg())}",
        f"- {about} and the default embedder",
        f"- measured on {datetime.now(UTC).date()} with `{setting.command}`: {setting.runs} runs of each",
        f"- other programs took {setting.disturbance:.0%} of the machine's processor time meanwhile",
        f"- hooks and server ran {_describe_priority()}",
        "",
    ]
    head = [
        "the server",
        "event",
        "p50 ms",
        "p95 ms",
        "longest ms",
        "CPU ms",
        "times a bare Python",
        "recalled",
    ]
    rows = [["(no hook)", f"`{case.event}`", *_figures(case, reference), ""] for case in bare]
    for case in hooks:
        recalled = f"{case.output_count} of {len(case.times_ms)}" if case.event in recalling else ""
        rows.append([case.condition, _name(case), *_figures(case, reference), recalled])
    return "\n".join([*lines, *render_table(head, rows), "", _verdict(hooks)])


def _describe_priority() -> str:
    """Describe whether other programs could delay what was measured: `chrt -r 1` prevents that."""
    if os.sched_getscheduler(0) in (os.SCHED_FIFO, os.SCHED_RR):
        return "ahead of all other programs (real-time scheduling), as on a machine with nothing else to do"
    return f"among the other programs, at niceness {os.nice(0)}"


def _figures(case: Case, reference_cpu_ms: float) -> list[str]:
    times = [f"{case.quantile_ms(share):.0f}" for share in (0.5, 0.95, 1.0)]
    if not case.cpu_ms:
        return [*times, "", ""]
    cpu = statistics.median(case.cpu_ms)
    return [*times, f"{cpu:.0f}", f"{cpu / reference_cpu_ms:.1f}"]


def _name(case: Case) -> str:
    return f"{case.event}, by the plugin" if case.is_by_plugin else case.event


def _verdict(hooks: Sequence[Case]) -> str:
    missed = [
        f"{case.condition}, {_name(case)} ({case.quantile_ms(0.95):.0f} ms)"
        for case in hooks
        if case.quantile_ms(0.95) >= (GOAL_UP_MS if case.condition == UP else GOAL_BAD_MS)
    ]
    goals = f"p95 below {GOAL_UP_MS} ms with the server up and below {GOAL_BAD_MS} ms otherwise"
    return f"Goal, {goals}: {'missed by ' + '; '.join(missed) if missed else 'met by all'}."
