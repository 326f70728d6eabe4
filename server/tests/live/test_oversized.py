"""A tenant that exceeds the index memory is ranked from database rows, just as in memory."""

from __future__ import annotations

import random

import numpy as np
import pytest
from mnemo_server.domain.search.question import read_question
from mnemo_server.index.ranking import ranker
from mnemo_server.index.ranking.ranker import Ranking
from mnemo_server.index.ranking.scope import Scope
from mnemo_server.index.resident.cache import SearchIndex
from mnemo_server.index.segments.entries import facet
from mnemo_server.index.segments.vectors import (
    EmbeddedQuery,
    Embedding,
    Floats32,
    VectorSpace,
    encode_tokens,
    encode_vector,
)
from mnemo_server.stores import search_entries
from mnemo_server.stores.opening import Stores
from mnemo_server.stores.vectors import NewVector

from server.tests.live.factories import ACTOR, TENANT, make_memory, store

SPACE = VectorSpace(1, 64)
WORDS = [
    "harbour",
    "lantern",
    "meadow",
    "orchid",
    "pebble",
    "quartz",
    "river",
    "summit",
    "thunder",
    "velvet",
    "willow",
    "zephyr",
]
DIRECTIONS = np.random.default_rng(5).standard_normal((len(WORDS), SPACE.dimensions)).astype(np.float32)
QUESTIONS = (
    "where is the lantern?",
    "What did Ann say about the river and the summit?",
    "E4711",
    "quartz quartz willow unheard",
    "the",
    " ".join(f"word{number}" for number in range(40)) + " velvet",
)
SCOPES = (
    Scope(),
    Scope([[facet("tag", "red"), facet("tag", "blue")], [facet("memory_type", "insight")]]),
    Scope(created_from=30_000, created_before=10**12),
    Scope(excluded=[facet("tag", "red")]),
    Scope([[facet("tag", "blue"), facet("tag", "red")]], excluded=[facet("tag", "red")], without=[7, 8]),
)


def embed(text: str) -> Embedding:
    numbers = [number for number, word in enumerate(WORDS) if word in text]
    tokens = DIRECTIONS[numbers]
    total = tokens.sum(axis=0) if numbers else np.zeros(SPACE.dimensions, dtype=np.float32)
    words = tuple(WORDS[number] for number in numbers)
    return Embedding(_unit(total), np.array([_unit(token) for token in tokens]).reshape(-1, 64), words)


def _unit(vector: Floats32) -> Floats32:
    unit: Floats32 = (vector / max(float(np.linalg.norm(vector)), 1e-9)).astype(np.float32)
    return unit


async def fill(stores: Stores) -> None:
    """Store 150 memories, most of them messages of five sessions; every tenth has no vector."""
    rng = random.Random(3)
    vectors = []
    for number in range(1, 151):
        content = " ".join(rng.choices(WORDS, k=rng.randint(1, 6))) + (" E4711" if number == 77 else "")
        details: dict[str, object] = {"tags": rng.sample(("red", "blue", "green"), 1)}
        if number % 3:
            session = {"memory_type": "session", "session_id": f"s{number % 5}", "seq": number // 5}
            details |= session | {"role": "user", "name": rng.choice(("Ann", "Bob"))}
        written = make_memory(number, content, created_at=number * 1_000, **details)
        await store(stores, written)
        embedding = embed(content)
        if number % 10:
            components = tuple(embedding.vector.tolist())
            code, codes = encode_vector(embedding.vector), encode_tokens(embedding.tokens)
            vectors.append(NewVector(written.entry, code, codes, components))
    await stores.vectors.write(TENANT, SPACE.model_id, vectors, 200_000)
    await stores.memories.delete(TENANT, [3, 50, 51, 149], ACTOR, 300_000)


async def search(index: SearchIndex, text: str, scope: Scope, *, with_vector: bool) -> Ranking:
    async def embedded() -> EmbeddedQuery | None:
        return EmbeddedQuery(SPACE.model_id, embed(text)) if with_vector else None

    return await index.search(TENANT, read_question(text), scope, embedded())


@pytest.fixture
def _small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_entries, "PAGE_SIZE", 40)
    monkeypatch.setattr(ranker, "KEYWORD_CANDIDATES", 8)
    monkeypatch.setattr(ranker, "BOTH_CANDIDATES", 8)


@pytest.mark.usefixtures("_small_limits")
async def test_the_ranking_is_the_same_with_and_without_an_index_in_memory(stores: Stores):
    await fill(stores)
    resident = SearchIndex(stores.entries, memory_budget_bytes=1 << 30)
    oversized = SearchIndex(stores.entries, memory_budget_bytes=1)
    for index in (resident, oversized):
        index.use_model(SPACE)
    compared = 0
    for text in QUESTIONS:
        for scope in SCOPES:
            for with_vector in (False, True):
                expected, found = [
                    await search(index, text, scope, with_vector=with_vector)
                    for index in (resident, oversized)
                ]
                assert found.memory_ids.tolist() == expected.memory_ids.tolist(), (text, scope)
                assert found.scores.tolist() == expected.scores.tolist(), (text, scope)
                explained = [found.explain(place) for place in range(len(found.scores))]
                assert explained == [expected.explain(place) for place in range(len(expected.scores))]
                compared += len(found.scores) > 0
    await resident.close()
    assert (resident.scans, oversized.scans) == (0, len(QUESTIONS) * len(SCOPES) * 2)
    assert compared > oversized.scans / 2
