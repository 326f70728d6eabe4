"""Write what was measured as Markdown."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from datetime import UTC, datetime

from bench.common.machine import describe_machine
from bench.common.pages import render_table
from bench.load.engines import EngineResult, Plan
from bench.load.measure import Summary

_MEGABYTE = 1_000_000


def render(engines: Sequence[EngineResult], plan: Plan, command: str) -> str:
    """Return the whole report: where and how it was measured, then one section for each engine."""
    amount = (
        f"{plan.rounds} rounds of {plan.seconds:g} s for each figure, {plan.memories:,} memories per tenant"
    )
    where = [
        f"- machine: {describe_machine()}",
        f"- Python {platform.python_version()}; {' and '.join(engine.title for engine in engines)}",
        f"- measured on {datetime.now(UTC).date()} with `{command}`: {amount}",
    ]
    return "\n".join([*where, *(line for engine in engines for line in _section(engine, plan))])


def _section(engine: EngineResult, plan: Plan) -> list[str]:
    reference = _reference(plan)
    lines = ["", f"### {engine.title}", ""]
    lines += render_table(_head(plan), [_row(engine, plan, one.name) for one in plan.operations])
    if engine.bare:
        lines += ["", f"Against the bare server, at {_clients(reference)}:", ""]
        head = ["operation", "bare: requests/s", "mnemos: requests/s", "share"]
        head += ["bare: server / database CPU ms", "mnemos: server / database CPU ms"]
        names = [name for name, clients in engine.bare if clients == reference]
        lines += render_table(head, [_bare_row(engine, name, reference) for name in names])
    return [*lines, "", _remarks(engine, plan)]


def _remarks(engine: EngineResult, plan: Plan) -> str:
    memory = engine.memory
    return (
        f"Memory of the server process: {_megabytes(memory.at_start)} after its start, "
        f"{_megabytes(memory.seeded)} with {2 * plan.memories:,} memories stored, "
        f"{_megabytes(memory.at_end)} after {engine.requests:,} measured requests. "
        f"Other programs took {engine.disturbance:.0%} of the machine's processor time meanwhile."
    )


def _head(plan: Plan) -> list[str]:
    reference = _clients(_reference(plan))
    costs = ["round trips", f"server CPU ms, {reference}", f"database CPU ms, {reference}"]
    speeds = [
        title
        for clients in plan.clients
        for title in (f"{_clients(clients)}: p50 / p95 ms", f"{_clients(clients)}: requests/s")
    ]
    return ["operation", *speeds, *costs]


def _row(engine: EngineResult, plan: Plan, name: str) -> list[str]:
    speeds: list[str] = []
    for clients in plan.clients:
        one = engine.results[name, clients]
        speeds += [f"{one.p50_ms:.1f} / {one.p95_ms:.1f}", f"{one.per_second:,.0f}"]
    at = engine.results[name, _reference(plan)]
    trips = _trips([engine.results[name, clients] for clients in plan.clients])
    return [name, *speeds, trips, f"{at.server_cpu_ms:.2f}", _optional(at.database_cpu_ms)]


def _bare_row(engine: EngineResult, name: str, clients: int) -> list[str]:
    ours, bare = engine.results[name, clients], engine.bare[name, clients]
    return [
        name,
        f"{bare.per_second:,.0f}",
        f"{ours.per_second:,.0f}",
        f"{engine.shares[name, clients]:.0%}",
        f"{bare.server_cpu_ms:.2f} / {_optional(bare.database_cpu_ms)}",
        f"{ours.server_cpu_ms:.2f} / {_optional(ours.database_cpu_ms)}",
    ]


def _trips(summaries: Sequence[Summary]) -> str:
    """Return round trips per request over all numbers of clients."""
    known = [(one.round_trips, one.requests) for one in summaries if one.round_trips is not None]
    if not known:
        return "n/a"
    return f"{sum(trips * count for trips, count in known) / sum(count for _, count in known):.1f}"


def _reference(plan: Plan) -> int:
    """Return the number of clients at which costs are compared: the middle one."""
    return plan.clients[len(plan.clients) // 2]


def _clients(count: int) -> str:
    return "1 client" if count == 1 else f"{count} clients"


def _optional(number: float | None) -> str:
    return "n/a" if number is None else f"{number:.2f}"


def _megabytes(count: int) -> str:
    return f"{count / _MEGABYTE:.0f} MB"
