"""Run one operation with some clients for a while, and measure its speed and cost."""

from __future__ import annotations

import asyncio
import gc
import re
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from bench.common import machine
from bench.common.client import RESPONSE_SECONDS, HttpConnection, UnexpectedResponse, check_status, fetch
from bench.load.operations import Corpus, Operation, store_many

#: Part of a round's time that passes before counting starts.
WARM_UP = 0.25
_ROUND_TRIPS = re.compile(rb"^mnemo_db_round_trips (\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Subject:
    """A server under measurement, with connections to it."""

    pid: int
    corpus: Corpus
    control: HttpConnection
    connections: Sequence[HttpConnection]
    database_pid: int | None = None
    has_metrics: bool = True


@dataclass(frozen=True, slots=True)
class Round:
    """The measurements of one operation in one round; None where it couldn't be measured."""

    latencies_ms: list[float]
    elapsed_seconds: float
    server_cpu_ms: float
    database_cpu_ms: float | None
    round_trips: float | None

    @property
    def per_second(self) -> float:
        """Requests per second of all clients together."""
        return len(self.latencies_ms) / self.elapsed_seconds


@dataclass(frozen=True, slots=True)
class Summary:
    """All rounds of one operation at one number of clients: medians of rounds, costs per request."""

    p50_ms: float
    p95_ms: float
    per_second: float
    server_cpu_ms: float
    database_cpu_ms: float | None
    round_trips: float | None
    requests: int


@dataclass(frozen=True, slots=True)
class _Meters:
    """Counters of the programs at one moment."""

    server_cpu_ms: float
    database_cpu_ms: float | None


async def measure_round(subject: Subject, operation: Operation, clients: int, seconds: float) -> Round:
    """Warm up, then let `clients` clients send one request after the other for some seconds.

    Raises:
        UnexpectedResponse: a response isn't what the operation expects.
        TimeoutError: a response took longer than 30 seconds.
    """
    await _restock(subject, operation)
    requests = operation.requests(subject.corpus)
    connections = subject.connections[:clients]
    await _drive(connections, requests, operation.status, seconds * WARM_UP)
    trips_before = await _round_trips(subject)
    before, started = _read_meters(subject), time.perf_counter()
    latencies_ms = await _drive(connections, requests, operation.status, seconds)
    elapsed, after = time.perf_counter() - started, _read_meters(subject)
    trips_after = await _round_trips(subject)
    if len(latencies_ms) < 2:
        raise UnexpectedResponse(f"{operation.name}: hardly any answer came; measure for longer (--seconds)")
    return Round(
        latencies_ms=latencies_ms,
        elapsed_seconds=elapsed,
        server_cpu_ms=after.server_cpu_ms - before.server_cpu_ms,
        database_cpu_ms=_difference(after.database_cpu_ms, before.database_cpu_ms),
        round_trips=_difference(trips_after, trips_before),
    )


def summarize(rounds: Sequence[Round]) -> Summary:
    """Combine rounds: medians of speeds, as a round may be disturbed; costs per request over all rounds."""
    requests = sum(len(one.latencies_ms) for one in rounds)
    cuts = [statistics.quantiles(one.latencies_ms, n=20, method="inclusive") for one in rounds]
    database = [one.database_cpu_ms for one in rounds if one.database_cpu_ms is not None]
    trips = [one.round_trips for one in rounds if one.round_trips is not None]
    return Summary(
        p50_ms=statistics.median(cut[9] for cut in cuts),
        p95_ms=statistics.median(cut[18] for cut in cuts),
        per_second=statistics.median(one.per_second for one in rounds),
        server_cpu_ms=sum(one.server_cpu_ms for one in rounds) / requests,
        database_cpu_ms=sum(database) / requests if database else None,
        round_trips=sum(trips) / requests if trips else None,
        requests=requests,
    )


async def _drive(
    connections: Sequence[HttpConnection], requests: Iterator[bytes], status: int, seconds: float
) -> list[float]:
    """Send requests over all connections until time or requests run out; return each latency in ms."""
    latencies_ms: list[float] = []
    clock = time.perf_counter
    deadline = clock() + seconds

    async def work(connection: HttpConnection) -> None:
        for request in requests:
            started = clock()
            response = await connection.send(request)
            ended = clock()
            latencies_ms.append((ended - started) * 1_000)
            check_status(response, status)
            if ended >= deadline:
                return

    with _no_garbage_collection():
        async with asyncio.timeout(seconds + RESPONSE_SECONDS):
            await asyncio.gather(*map(work, connections))
    return latencies_ms


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def _restock(subject: Subject, operation: Operation) -> None:
    """Store the memories that the round will use up."""
    corpus = subject.corpus
    missing = operation.spares - len(corpus.spare_ids)
    if missing > 0:
        corpus.spare_ids += await store_many(subject.connections, corpus.written, missing, seed=7)


async def _round_trips(subject: Subject) -> float | None:
    if not subject.has_metrics:
        return None
    metrics = await fetch(subject.control, subject.corpus.read.request("GET", "/metrics"), 200)
    found = _ROUND_TRIPS.search(metrics)
    return float(found[1]) if found else None


def _read_meters(subject: Subject) -> _Meters:
    database = None if subject.database_pid is None else machine.cpu_ms(subject.database_pid)
    return _Meters(machine.cpu_ms(subject.pid), database)


def _difference(after: float | None, before: float | None) -> float | None:
    return None if after is None or before is None else after - before
