"""Measure one engine: start the servers on it, fill them, and go through all operations in rounds."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.common import machine
from bench.common.api import provision
from bench.common.client import Address, HttpConnection
from bench.common.databases import Engine
from bench.common.processes import WITHOUT_MODEL, Program, mnemo_server
from bench.load.measure import Round, Subject, Summary, measure_round, summarize
from bench.load.operations import OPERATIONS, Corpus, Operation, check_corpus, store_many
from bench.load.processes import bare_server

#: The operations of the bare server.
BARE_OPERATIONS = ("get", "store")
SEEDING_CLIENTS = 8


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    memories: int
    clients: tuple[int, ...]
    rounds: int
    seconds: float
    operations: tuple[Operation, ...] = OPERATIONS
    with_bare: bool = True


@dataclass(slots=True)
class Memory:
    """Resident memory of the server, in bytes."""

    at_start: int = 0
    seeded: int = 0
    at_end: int = 0


@dataclass(frozen=True, slots=True)
class EngineResult:
    """Everything measured on one engine; results by name of the operation and number of clients."""

    title: str
    results: dict[tuple[str, int], Summary]
    bare: dict[tuple[str, int], Summary]
    #: Requests/s as a share of the bare server's in the same round: the median over rounds.
    shares: dict[tuple[str, int], float]
    memory: Memory
    requests: int
    #: Share of the machine's processor time that programs outside the benchmark took meanwhile, 0 to 1.
    disturbance: float


@dataclass
class _Rounds:
    """Rounds so far, by operation and clients."""

    ours: dict[tuple[str, int], list[Round]] = field(default_factory=dict)
    bare: dict[tuple[str, int], list[Round]] = field(default_factory=dict)


async def measure_engine(engine: Engine, plan: Plan, folder: Path) -> EngineResult:
    """Measure all operations on one engine.

    Raises:
        RuntimeError: a server doesn't start.
        UnexpectedResponse: it returns an error.
    """
    memory, rounds = Memory(), _Rounds()
    async with AsyncExitStack() as stack:
        program = stack.enter_context(mnemo_server(folder, engine.dsn, settings=WITHOUT_MODEL))
        memory.at_start = machine.rss_bytes(program.pid)
        subject = await stack.enter_async_context(open_subject(engine, program, plan))
        memory.seeded = machine.rss_bytes(program.pid)
        bare = await _open_bare(stack, engine, plan, folder) if plan.with_bare else None
        before = _read_clocks(subject, bare)
        for number in range(plan.rounds):
            _log(f"{engine.title}: round {number + 1} of {plan.rounds}")
            await _run_round(subject, bare, plan, rounds)
        disturbance = _disturbance(before, _read_clocks(subject, bare))
        memory.at_end = machine.rss_bytes(program.pid)
    results = {key: summarize(samples) for key, samples in rounds.ours.items()}
    return EngineResult(
        title=engine.title,
        results=results,
        bare={key: summarize(samples) for key, samples in rounds.bare.items()},
        shares={key: _share(rounds.ours[key], samples) for key, samples in rounds.bare.items()},
        memory=memory,
        requests=sum(summary.requests for summary in results.values()),
        disturbance=disturbance,
    )


async def _run_round(subject: Subject, bare: Subject | None, plan: Plan, rounds: _Rounds) -> None:
    """Measure everything once; the bare server right after the operation that it is compared with."""
    for clients in plan.clients:
        for operation in plan.operations:
            key = (operation.name, clients)
            measured = await measure_round(subject, operation, clients, plan.seconds)
            rounds.ours.setdefault(key, []).append(measured)
            _log(f"  {operation.name:12} {clients:3} clients {measured.per_second:8.0f}/s")
            if bare is not None and operation.name in BARE_OPERATIONS:
                other = await measure_round(bare, operation, clients, plan.seconds)
                rounds.bare.setdefault(key, []).append(other)
                _log(
                    f"  {operation.name:12} {clients:3} clients {other.per_second:8.0f}/s on the bare server"
                )


@asynccontextmanager
async def open_subject(engine: Engine, program: Program, plan: Plan) -> AsyncIterator[Subject]:
    """Connect to a mnemos server and fill two tenants."""
    async with _connected(program.address, max(plan.clients)) as (control, connections):
        corpus = Corpus(
            read=await provision(control, program.address), written=await provision(control, program.address)
        )
        _log(f"{engine.title}: storing {plan.memories:,} memories for each of two tenants")
        seeding = connections[:SEEDING_CLIENTS]
        corpus.read_ids += await store_many(seeding, corpus.read, plan.memories, seed=1)
        corpus.written_ids += await store_many(seeding, corpus.written, plan.memories, seed=2)
        await check_corpus(control, corpus)
        yield Subject(program.pid, corpus, control, connections, engine.database_pid)


async def _open_bare(stack: AsyncExitStack, engine: Engine, plan: Plan, folder: Path) -> Subject:
    """Start the bare server on the same database and fill it in the same way."""
    program = stack.enter_context(bare_server(folder, engine.dsn))
    control, connections = await stack.enter_async_context(_connected(program.address, max(plan.clients)))
    corpus = Corpus(read=program.address, written=program.address)
    seeding = connections[:SEEDING_CLIENTS]
    corpus.read_ids += await store_many(seeding, corpus.read, plan.memories, seed=1)
    return Subject(program.pid, corpus, control, connections, engine.database_pid, has_metrics=False)


@asynccontextmanager
async def _connected(
    address: Address, count: int
) -> AsyncIterator[tuple[HttpConnection, Sequence[HttpConnection]]]:
    """Open one connection for requests outside the measurement, and some to measure with."""
    count = max(count, SEEDING_CLIENTS)
    connections = [await HttpConnection.open(address) for _ in range(count + 1)]
    try:
        yield connections[0], connections[1:]
    finally:
        for connection in connections:
            connection.close()


def _read_clocks(subject: Subject, bare: Subject | None) -> tuple[float, float, float]:
    """Return processor times so far, in ms: used by this benchmark's programs, used by all, and available."""
    pids = {subject.pid, bare.pid if bare else None, subject.database_pid}
    ours = time.process_time() * 1_000 + sum(machine.cpu_ms(pid) for pid in pids if pid is not None)
    return (ours, *machine.machine_cpu_ms())


def _disturbance(before: tuple[float, ...], after: tuple[float, ...]) -> float:
    ours, busy, available = (late - early for early, late in zip(before, after, strict=True))
    return max(0.0, (busy - ours) / available)


def _share(ours: Sequence[Round], bare: Sequence[Round]) -> float:
    pairs = zip(ours, bare, strict=True)
    return statistics.median(
        ours_round.per_second / bare_round.per_second for ours_round, bare_round in pairs
    )


def _log(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
