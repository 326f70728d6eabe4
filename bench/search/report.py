"""Write what was measured as Markdown."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bench.common.machine import describe_machine
from bench.common.pages import render_table
from bench.search.measure import Latency, Measured, Plan
from bench.search.parts import PARTS
from bench.search.questions import SHAPES

_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class EngineResult:
    """Everything measured on one engine, small databases first."""

    title: str
    measured: Sequence[Measured]
    parts: Mapping[int, Mapping[str, float]]
    """Median ms of each part of a search, by number of memories of one tenant."""

    @property
    def single(self) -> list[Measured]:
        """The measurements with one tenant."""
        return [one for one in self.measured if not one.seeded.is_shared]


def render(engines: Sequence[EngineResult], plan: Plan, command: str) -> str:
    """Return the whole report: where and how it was measured, then one section for each engine."""
    amount = f"{plan.rounds} rounds of {plan.questions} questions for each figure"
    most = max(one.disturbance for engine in engines for one in engine.measured)
    lines = [
        f"- machine: {describe_machine()}",
        f"- Python {platform.python_version()}; {' and '.join(engine.title for engine in engines)}",
        f"- measured on {datetime.now(UTC).date()} with `{command}`: {amount}",
        f"- other programs took up to {most:.0%} of the machine's processor time meanwhile",
    ]
    for engine in engines:
        lines += ["", f"#### {engine.title}", "", *_section(engine)]
    return "\n".join(lines)


def _section(engine: EngineResult) -> list[str]:
    head = ["memories", "tenants", "p50 / p95 ms", "again: p50 / p95 ms", "server CPU ms", "again: CPU ms"]
    lines = ["Natural questions:", "", *render_table(head, [_speed_row(one) for one in engine.measured])]
    head = [
        "memories",
        "tenants",
        "load",
        "index bytes a memory",
        "resident bytes a memory",
        "peak of the load",
    ]
    lines += ["", "Memory, and the time until all tenants are loaded:", ""]
    lines += render_table(head, [_memory_row(one) for one in engine.measured])
    sizes = [f"{one.seeded.count:,}" for one in engine.single]
    lines += ["", "Questions of other shapes in one tenant, p50 / p95 ms when new:", ""]
    lines += render_table(["shape", *sizes], [_shape_row(engine, shape.name) for shape in SHAPES])
    if large := [one for one in engine.single if one.oversized]:
        lines += ["", "The same in tenants that don't fit into memory, seconds in the median:", ""]
        sizes = [f"{one.seeded.count:,}" for one in large]
        lines += render_table(["shape", *sizes], [_oversized_row(large, shape.name) for shape in SHAPES])
    lines += ["", "Parts of a natural question, each by itself, median ms:", ""]
    rows = [[part, *(f"{parts[part]:.1f}" for parts in engine.parts.values())] for part in PARTS]
    return lines + render_table(["part", *(f"{count:,}" for count in engine.parts)], rows)


def _speed_row(one: Measured) -> list[str]:
    name = SHAPES[0].name
    cold, repeated = one.cold[name], one.repeated[name]
    figures = [_pair(cold), _pair(repeated), f"{cold.cpu_ms:.1f}", f"{repeated.cpu_ms:.1f}"]
    return [f"{one.seeded.count:,}", f"{len(one.seeded.keys)}", *figures]


def _memory_row(one: Measured) -> list[str]:
    count, loaded = one.seeded.count, one.loaded
    each = [f"{size / count:,.0f}" for size in (loaded.index_bytes, loaded.rss_bytes)]
    peak = f"{loaded.peak_bytes / _MEGABYTE:,.0f} MB"
    return [f"{count:,}", f"{len(one.seeded.keys)}", f"{loaded.seconds:.2f} s", *each, peak]


def _shape_row(engine: EngineResult, name: str) -> list[str]:
    return [name, *(_pair(one.cold[name]) for one in engine.single)]


def _oversized_row(large: Sequence[Measured], name: str) -> list[str]:
    return [name, *(f"{one.oversized[name].p50_ms / 1_000:.2f}" for one in large)]


def _pair(one: Latency) -> str:
    return f"{one.p50_ms:.1f} / {one.p95_ms:.1f}"
