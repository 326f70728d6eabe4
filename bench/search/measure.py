"""Start a server on a filled database, let it load, and search."""

from __future__ import annotations

import asyncio
import itertools
import re
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.common import machine
from bench.common.client import Address, HttpConnection, UnexpectedResponse, check_status, fetch
from bench.common.processes import mnemo_server
from bench.search.questions import SHAPES, make_paths
from bench.search.seeding import Seeded

#: Room for every index that is measured; the default would evict tenants of the largest sizes.
INDEX_MEMORY_MB: Final = 8_192
#: The smallest value of the setting: tenants of 100,000 memories and more don't fit.
SMALLEST_MEMORY_MB: Final = 16
_OVERSIZED_QUESTIONS: Final = 5
_LOAD_SECONDS: Final = 300
_READY_SECONDS: Final = 60
_POLL_SECONDS: Final = 0.1
_SEED: Final = 2_000_000_011  # no unit of a database has it
_NO_HITS = re.compile(rb'"memories": ?\[\]')


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured: the questions of each shape in a round, and the rounds."""

    questions: int
    rounds: int


@dataclass(frozen=True, slots=True)
class Latency:
    """For one shape: medians over rounds of percentiles, and of the server's processor time per question."""

    p50_ms: float
    p95_ms: float
    cpu_ms: float


@dataclass(frozen=True, slots=True)
class Loaded:
    """The cost of loading all tenants into memory."""

    seconds: float
    """Time of the first searches of all tenants, one after the other."""
    index_bytes: int
    rss_bytes: int
    """Growth of the server, including the caches that the first searches fill."""
    peak_bytes: int
    """Largest growth of the server."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything measured on one database; latencies by name of the shape."""

    seeded: Seeded
    loaded: Loaded
    cold: Mapping[str, Latency]
    """For questions that are new."""
    repeated: Mapping[str, Latency]
    """For the same questions a second time."""
    oversized: Mapping[str, Latency]
    """For new questions to a server whose memory for indexes is too small; empty where it suffices."""
    empty_share: float
    """Share of the questions without any hit, 0 to 1."""
    disturbance: float
    """Share of the machine's processor time that programs outside the benchmark took meanwhile, 0 to 1."""


class _SearchClient:
    """One client with one connection."""

    def __init__(self, connection: HttpConnection, pid: int, tenants: Sequence[Address]) -> None:
        self.empty_count = 0
        self.query_count = 0
        self._connection = connection
        self._pid = pid
        self._tenants = itertools.cycle(tenants)

    async def run_round(self, paths: Sequence[str]) -> Latency:
        """Send one question after the other, the tenants in turn."""
        requests = [next(self._tenants).request("GET", path) for path in paths]
        latencies_ms = []
        cpu_before = machine.cpu_ms(self._pid)
        for request in requests:
            started = time.perf_counter()
            body = await fetch(self._connection, request, 200)
            latencies_ms.append((time.perf_counter() - started) * 1_000)
            self.empty_count += _NO_HITS.search(body) is not None
        self.query_count += len(paths)
        cpu_ms = (machine.cpu_ms(self._pid) - cpu_before) / len(paths)
        cuts = statistics.quantiles(latencies_ms, n=20, method="inclusive")
        return Latency(cuts[9], cuts[18], cpu_ms)


async def measure(seeded: Seeded, plan: Plan, folder: Path) -> Measured:
    """Measure one database.

    Raises:
        RuntimeError: the server doesn't start.
        UnexpectedResponse: it returns an error.
        TimeoutError: it takes minutes to respond.
    """
    settings = {"INDEX_MEMORY_MB": str(INDEX_MEMORY_MB)}
    with mnemo_server(folder, seeded.dsn, settings=settings) as program:
        connection = await HttpConnection.open(program.address)
        tenants = [Address(program.address.host, program.address.port, key) for key in seeded.keys]
        await _wait_for_model(connection, program.address)
        loaded = await _load(connection, program.pid, tenants)
        _log(seeded, f"loaded in {loaded.seconds:.1f} s")
        client = _SearchClient(connection, program.pid, tenants)
        clocks = _read_clocks(seeded, program.pid)
        cold, repeated = await _run_rounds(client, seeded, plan)
        disturbance = _disturbance(clocks, _read_clocks(seeded, program.pid))
        connection.close()
    oversized = {}
    if not seeded.is_shared and loaded.index_bytes > SMALLEST_MEMORY_MB * 2**20:
        oversized = await _measure_oversized(seeded, folder)
    return Measured(
        seeded, loaded, cold, repeated, oversized, client.empty_count / client.query_count, disturbance
    )


async def _measure_oversized(seeded: Seeded, folder: Path) -> dict[str, Latency]:
    """Search a server that must read the database for every search."""
    settings = {"INDEX_MEMORY_MB": str(SMALLEST_MEMORY_MB)}
    with mnemo_server(folder, seeded.dsn, settings=settings) as program:
        connection = await HttpConnection.open(program.address)
        tenants = [Address(program.address.host, program.address.port, seeded.keys[0])]
        await _wait_for_model(connection, program.address)
        await _load(connection, program.pid, tenants)  # detects that the tenant doesn't fit
        client = _SearchClient(connection, program.pid, tenants)
        latencies = {}
        for place, shape in enumerate(SHAPES):
            paths = list(itertools.islice(make_paths(shape, _SEED - 2 - place), _OVERSIZED_QUESTIONS))
            latencies[shape.name] = await client.run_round(paths)
            _log(seeded, f"beyond memory, {shape.name}: {latencies[shape.name].p50_ms:.0f} ms")
        if not await _read_metric(connection, program.address, "mnemo_index_scans_total"):
            raise UnexpectedResponse("the tenant fits into memory after all")
        connection.close()
    return latencies


async def _run_rounds(
    client: _SearchClient, seeded: Seeded, plan: Plan
) -> tuple[dict[str, Latency], dict[str, Latency]]:
    """Send new questions of every shape in every round, then the same again; return medians over rounds."""
    cold: dict[str, list[Latency]] = {}
    repeated: dict[str, list[Latency]] = {}
    for number in range(plan.rounds):
        for place, shape in enumerate(SHAPES):
            source = make_paths(shape, _SEED + number * len(SHAPES) + place)
            paths = list(itertools.islice(source, plan.questions))
            cold.setdefault(shape.name, []).append(await client.run_round(paths))
            repeated.setdefault(shape.name, []).append(await client.run_round(paths))
            _log(seeded, f"{shape.name}: {cold[shape.name][-1].p50_ms:.1f} ms")
    return _medians(cold), _medians(repeated)


async def _wait_for_model(connection: HttpConnection, server: Address) -> None:
    """Wait until questions are embedded, so that the whole search is measured."""
    async with asyncio.timeout(_READY_SECONDS):
        while not await _read_metric(connection, server, "mnemo_embedder_ready"):  # noqa: ASYNC110 - no event
            await asyncio.sleep(_POLL_SECONDS)


async def _load(connection: HttpConnection, pid: int, tenants: Sequence[Address]) -> Loaded:
    machine.forget_peak_rss(pid)
    before = machine.rss_bytes(pid)
    path = next(make_paths(SHAPES[0], _SEED - 1))
    started = time.perf_counter()
    for tenant in tenants:
        async with asyncio.timeout(_LOAD_SECONDS):
            check_status(await connection.send(tenant.request("GET", path)), 200)
    seconds = time.perf_counter() - started
    index_bytes = await _read_metric(connection, tenants[0], "mnemo_index_bytes")
    return Loaded(
        seconds, int(index_bytes), machine.rss_bytes(pid) - before, machine.peak_rss_bytes(pid) - before
    )


async def _read_metric(connection: HttpConnection, server: Address, name: str) -> float:
    metrics = await fetch(connection, server.request("GET", "/metrics"), 200)
    found = re.search(rf"^{name} (\S+)", metrics.decode(), re.MULTILINE)
    if found is None:
        raise UnexpectedResponse(f"the server's metrics lack {name}")
    return float(found[1])


def _medians(rounds: Mapping[str, Sequence[Latency]]) -> dict[str, Latency]:
    return {
        name: Latency(
            statistics.median(one.p50_ms for one in some),
            statistics.median(one.p95_ms for one in some),
            statistics.median(one.cpu_ms for one in some),
        )
        for name, some in rounds.items()
    }


def _read_clocks(seeded: Seeded, pid: int) -> tuple[float, float, float]:
    """Return processor times so far, in ms: used by this benchmark's programs, used by all, and available."""
    pids = [pid, *([seeded.database_pid] if seeded.database_pid else [])]
    ours = time.process_time() * 1_000 + sum(map(machine.cpu_ms, pids))
    return (ours, *machine.machine_cpu_ms())


def _disturbance(before: tuple[float, ...], after: tuple[float, ...]) -> float:
    ours, busy, available = (late - early for early, late in zip(before, after, strict=True))
    return max(0.0, (busy - ours) / available)


def _log(seeded: Seeded, line: str) -> None:
    layout = f"{len(seeded.keys)} tenants" if seeded.is_shared else "one tenant"
    print(f"{seeded.title}: {seeded.count:,} memories, {layout}: {line}", file=sys.stderr, flush=True)
