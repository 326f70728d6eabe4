"""Search a server for every question of a data set; record what it finds, and the time that takes."""

from __future__ import annotations

import sys
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from mnemos_contract.memories import MemoryPage

from bench.common import machine
from bench.common.api import MEMORIES
from bench.common.client import HttpConnection, fetch
from bench.common.databases import Engine
from bench.common.processes import mnemo_server
from bench.recall.datasets import DataSet, Question
from bench.recall.metrics import DEPTH, score
from bench.recall.seeding import Place, Pool, seed


@dataclass(frozen=True, slots=True)
class Setup:
    """How a server is set up and filled, the same for every engine."""

    settings: Mapping[str, str]
    """Settings of the server, without `MNEMO_`."""
    without: Collection[str]
    """Parts of messages that are left out."""
    categories: Collection[int]
    """Questions of these categories are asked."""


@dataclass(frozen=True, slots=True)
class QuestionResult:
    """One question, what was found for it, best first, and its scores by measure."""

    conversation: str
    question: Question
    found: tuple[Place, ...]
    scores: Mapping[str, float]
    latency_ms: float


@dataclass(frozen=True, slots=True)
class EngineRun:
    """Everything found on one engine, in the order of the questions."""

    title: str
    results: tuple[QuestionResult, ...]
    server_cpu_ms: float
    """Processor time of the server for one search, on average."""


async def measure_engine(engine: Engine, data_set: DataSet, setup: Setup, folder: Path) -> EngineRun:
    """Start a server on an empty database, fill it, and search for every question, one after the other.

    Raises:
        RuntimeError: the server doesn't start.
        UnexpectedResponse: it returns an error.
        ValueError: there is no such question.
    """
    questions = [
        (one.name, question)
        for one in data_set.conversations
        for question in one.questions
        if question.category in setup.categories
    ]
    if not questions:
        raise ValueError("no question of these categories has evidence in the conversations")
    with mnemo_server(folder, engine.dsn, settings=setup.settings) as program:
        connection = await HttpConnection.open(program.address)
        print(f"{engine.title}: storing {data_set.turn_count:,} messages", file=sys.stderr, flush=True)
        pools = await seed(connection, program.address, data_set, setup.without)
        for name, question in {name: (name, question) for name, question in questions}.values():
            await _search(connection, pools[name], name, question)  # loads the tenant's index
        print(f"{engine.title}: asking {len(questions):,} questions", file=sys.stderr, flush=True)
        before = machine.cpu_ms(program.pid)
        results = [await _search(connection, pools[name], name, question) for name, question in questions]
        server_cpu_ms = (machine.cpu_ms(program.pid) - before) / len(questions)
        connection.close()
    return EngineRun(engine.title, tuple(results), server_cpu_ms)


async def _search(
    connection: HttpConnection, pool: Pool, conversation: str, question: Question
) -> QuestionResult:
    path = f"{MEMORIES}?limit={DEPTH}&q={quote(question.text, safe='')}"
    request = pool.address.request("GET", path)
    started = time.perf_counter()
    body = await fetch(connection, request, 200)
    latency_ms = (time.perf_counter() - started) * 1_000
    page = MemoryPage.model_validate_json(body)
    found = tuple(pool.places[memory.id] for memory in page.memories)
    evidence = {Place(conversation, turn_id) for turn_id in question.evidence}
    return QuestionResult(conversation, question, found, score(found, evidence), latency_ms)
