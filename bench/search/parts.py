"""Where the time of a search goes: its parts one by one, in this process, on a filled database."""

from __future__ import annotations

import asyncio
import cProfile
import pstats
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from mnemo_server.db.connect import connect
from mnemo_server.db.dsn import parse_dsn
from mnemo_server.domain.clock import system_clock
from mnemo_server.domain.ids import IdSource
from mnemo_server.domain.search.question import read_question
from mnemo_server.embedding.local.minilm import MiniLmEmbedder
from mnemo_server.embedding.ports import Embedder
from mnemo_server.index.ranking.bm25 import plan_query
from mnemo_server.index.ranking.ranker import draft, rank
from mnemo_server.index.resident.loading import load_tenant
from mnemo_server.index.resident.segments import ResidentTenant
from mnemo_server.index.segments.vectors import VectorSpace
from mnemo_server.services.tenants import TenantService
from mnemo_server.stores.opening import Stores, open_stores

from bench.search.questions import HITS, SHAPES
from bench.search.seeding import Seeded
from bench.search.texts import Texts

#: Parts in the order in which a search goes through them.
PARTS: Final = ("analysis", "embedding", "refresh", "choosing", "reading codes", "ranking", "reading hits")
_SEED: Final = 3_000_000_019  # no unit of a database has it
_OVERLAP_US: Final = 10_000_000  # as the index looks back
_SHOWN: Final = 30

T = TypeVar("T")


@dataclass(slots=True)
class Stopwatch:
    """Times by part, in ms."""

    times_ms: dict[str, list[float]] = field(default_factory=lambda: {part: [] for part in PARTS})

    def run(self, part: str, work: Callable[[], T]) -> T:
        """Run `work`, record its time, and return its result."""
        started = time.perf_counter()
        result = work()
        self.times_ms[part].append((time.perf_counter() - started) * 1_000)
        return result

    async def wait(self, part: str, work: Awaitable[T]) -> T:
        """Await `work`, record its time, and return its result."""
        started = time.perf_counter()
        result = await work
        self.times_ms[part].append((time.perf_counter() - started) * 1_000)
        return result


@dataclass(frozen=True, slots=True)
class _Bench:
    """A tenant in memory, and what a search of it needs."""

    stores: Stores
    tenant_id: int
    index: ResidentTenant
    newest: int
    embedder: Embedder

    async def search(self, query: str, watch: Stopwatch, profile: cProfile.Profile | None) -> None:
        """Run a search as the server does, but without its threads."""
        question = watch.run("analysis", lambda: read_question(query))
        embedding = await watch.wait("embedding", self.embedder.embed_query(query))
        await watch.wait(
            "refresh", self.stores.entries.changed_since(self.tenant_id, self.newest - _OVERLAP_US)
        )
        if profile:
            profile.enable()
        chosen = watch.run(
            "choosing", lambda: draft(plan_query(self.index.segments, question.terms), question, embedding)
        )
        if profile:
            profile.disable()
        codes = await watch.wait(
            "reading codes",
            self.stores.entries.get_token_codes(
                self.tenant_id, self.index.space.model_id, list(chosen.list_wanted())
            ),
        )
        if profile:
            profile.enable()
        ranking = watch.run("ranking", lambda: rank(chosen, codes))
        if profile:
            profile.disable()
        ids = ranking.memory_ids[:HITS].tolist()
        await watch.wait("reading hits", self.stores.memories.find_many(self.tenant_id, ids))


async def measure_parts(seeded: Seeded, questions: int, *, with_profile: bool = False) -> Mapping[str, float]:
    """Return the median of each part for natural questions, in ms; with a profile, print it too."""
    profile = cProfile.Profile() if with_profile else None
    database = await connect(parse_dsn(seeded.dsn))
    embedder = MiniLmEmbedder()
    try:
        stores = await asyncio.to_thread(open_stores, database, IdSource(system_clock), system_clock)
        record = await TenantService(stores.tenants, IdSource(system_clock), system_clock).find_key(
            seeded.keys[0]
        )
        if record is None:
            raise RuntimeError("the database doesn't know its key; remove the kept databases")
        model = await embedder.prepare()
        model_id = await stores.vectors.register_model(model.name, model.dimensions, system_clock())
        space = VectorSpace(model_id, model.dimensions)
        index, newest = await load_tenant(stores.entries, record.tenant_id, space, sys.maxsize)
        bench = _Bench(stores, record.tenant_id, index, newest, embedder)
        texts, watch = Texts(_SEED), Stopwatch()
        for number in range(questions):
            await bench.search(SHAPES[0].make_query(texts, number)["q"], watch, profile)
    finally:
        await embedder.close()
        await database.close()
    if profile:
        print(f"\n{seeded.title}, {seeded.count:,} memories: choosing and ranking, {questions} questions\n")
        pstats.Stats(profile, stream=sys.stdout).sort_stats("tottime").print_stats(_SHOWN)
    return {part: statistics.median(times) for part, times in watch.times_ms.items()}
