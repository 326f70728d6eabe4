"""Finds the memories that may matter for a prompt, and measures how much they do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from mnemos_contract.recalls import RecallRequest

from mnemo_server.domain.memories.filters import MemoryFilter
from mnemo_server.domain.memories.memory import StoredMemory
from mnemo_server.domain.recall.corrections import describe_ages
from mnemo_server.domain.recall.features import Floats, Pairs, describe_pairs, describe_prompt
from mnemo_server.domain.recall.model import RecallModel, measure_cosines, unfold_codes
from mnemo_server.domain.recall.prompts import Prompt, read_prompt
from mnemo_server.domain.recall.signs import SIGNS, ends_asking, read_signs
from mnemo_server.domain.search.analysis import analyse, analyse_query
from mnemo_server.domain.search.question import Question, read_question
from mnemo_server.index.ranking.ranker import Ranking
from mnemo_server.index.resident.cache import SearchIndex
from mnemo_server.index.segments.vectors import EmbeddedQuery, Embedding
from mnemo_server.services.caller import Caller
from mnemo_server.services.embedding.service import EmbeddingService
from mnemo_server.services.indexing import indexed_text, run_analysis
from mnemo_server.services.recall.glossary import translate
from mnemo_server.services.recall.weights import find_model
from mnemo_server.services.search.ranking import to_scope
from mnemo_server.stores.memories.store import MemoryStore

#: Memories of the project, and of all projects, that are measured.
PROJECT_HITS: Final = 40
OTHER_HITS: Final = 20
#: Terms of a query that is a list of words rather than a prompt.
FEW_WORDS: Final = 6
#: Of these, the best ones that are compared with newer memories.
AGED: Final = 16

_CURRENT: Final = MemoryFilter()


@dataclass(frozen=True)
class Found:
    """Memories, with how much they matter for a prompt."""

    memories: tuple[StoredMemory, ...]
    odds: Floats
    """Log odds that each one changes what is right to do."""
    signs: Floats
    """(memories, signs), as `read_signs` returns them."""
    directions: Floats
    """(memories, dimensions), as `unfold_codes` returns them."""
    gate: float
    """Log odds that anything that is remembered matters for the prompt."""
    model: RecallModel
    asks: bool
    """Whether the prompt is a question."""

    @property
    def opens(self) -> bool:
        """Whether the gate's log odds are enough for a block."""
        return self.model.opens(self.gate, asks=self.asks)

    @cached_property
    def discount(self) -> Floats:
        """What is taken from the odds, because newer memories seem to overturn one; takes milliseconds."""
        overturned = measure_overturned(self.memories, self.directions, self.odds, self.signs, self.model)
        return self.model.discount(overturned, asks=self.asks)


class RecallSearch:
    """Searches for prompts, by the same index as any search."""

    def __init__(self, index: SearchIndex, embedding: EmbeddingService, store: MemoryStore) -> None:
        self._index = index
        self._embedding = embedding
        self._store = store

    async def find(self, caller: Caller, request: RecallRequest, prompt: Prompt) -> Found:
        """Return what may matter for a prompt, in no order: of the project, and of the others."""
        text, words = put_in_english(prompt)
        embedding = asyncio.ensure_future(self._embedding.embed_query(caller.tenant_id, words))
        try:
            question = await run_analysis(lambda: read_question(text), len(text))
            hits = await self._search(caller, request.project, question, embedding)
            embedded = await embedding
        finally:
            embedding.cancel()
        rows = await self._store.find_many(caller.tenant_id, hits.memory_ids)

        def measure() -> Found:
            found = self._measure(prompt, hits, rows, embedded)
            _ = found.discount  # here in the thread
            return found

        return await asyncio.to_thread(measure)

    async def matters(self, caller: Caller, text: str, ranking: Ranking) -> bool:
        """Return whether anything in a ranking seems to matter for a query; in doubt it does.

        What has a rare identifier of the query, or all its words, matters in any case.
        """
        prompt = read_prompt(text)
        if prompt is None or ranking.signals.literals.any():
            return True
        hits = Hits()
        hits.add(ranking, PROJECT_HITS)
        rows = await self._store.find_many(caller.tenant_id, hits.memory_ids)
        embedded = await self._embedding.embed_query(caller.tenant_id, text)
        measured = await asyncio.to_thread(self._measure, prompt, hits, rows, embedded)
        if measured.gate >= measured.model.search_open_at:
            return True
        texts = [indexed_text(rows[one]) for one in hits.memory_ids if one in rows]  # best first
        return await run_analysis(lambda: _has_all_words(text, texts), sum(map(len, texts)))

    async def _search(
        self,
        caller: Caller,
        project: str | None,
        question: Question,
        embedding: asyncio.Future[EmbeddedQuery | None],
    ) -> Hits:
        """Search in the project and everywhere: others' memories could outnumber those of the project."""
        hits = Hits()
        if project is not None:
            scope = to_scope(MemoryFilter(project=project))
            hits.add(await self._index.search(caller.tenant_id, question, scope, embedding), PROJECT_HITS)
        ranking = await self._index.search(caller.tenant_id, question, to_scope(_CURRENT), embedding)
        hits.add(ranking, PROJECT_HITS if project is None else OTHER_HITS)
        return hits

    def _measure(
        self,
        prompt: Prompt,
        hits: Hits,
        rows: dict[int, StoredMemory],
        embedded: EmbeddedQuery | None,
    ) -> Found:
        """Measure the memories that are still current; the database alone decides what may be shown."""
        places = [place for place, one in enumerate(hits.memory_ids) if _is_shown(rows.get(one))]
        memories = tuple(rows[hits.memory_ids[place]] for place in places)
        vector = np.empty(0) if embedded is None else embedded.embedding.vector.astype(np.float64)
        model = find_model(self._embedding.model_name if embedded is not None else None)
        directions = hits.unfold(places, len(vector))
        pairs = measure_pairs(hits.take(places), memories, directions, vector)
        odds = model.relevance.estimate(describe_pairs(pairs))
        features = describe_prompt(prompt.text, prompt.words, pairs, odds)
        gate = model.gate.estimate(features[None, :], vector[None, :])
        asks = ends_asking(prompt.text)
        return Found(memories, odds, pairs.signs, directions, float(gate[0]), model, asks)


class Hits:
    """The first memories of several rankings, each once, with what was measured."""

    def __init__(self) -> None:
        self.memory_ids: list[int] = []
        self._values: list[tuple[float, ...]] = []
        self._codes: list[np.ndarray] = []

    def add(self, ranking: Ranking, limit: int) -> None:
        """Add a ranking; memories that are known already keep their values."""
        signals = ranking.signals
        count = min(limit, len(signals.totals))
        best = max(float(signals.totals[0]), 1e-3) if count else 1.0
        measured = (signals.totals / best, signals.closeness, signals.covered, signals.literals)
        known = set(self.memory_ids)
        for place, memory_id in enumerate(ranking.memory_ids[:count].tolist()):
            if memory_id not in known:
                self.memory_ids.append(memory_id)
                self._values.append(tuple(float(values[place]) for values in measured))
                self._codes.append(signals.codes[:, place])

    def take(self, places: Sequence[int]) -> Floats:
        """Return (memories, 4): share, closeness, covered and literals of the memories at these places."""
        return np.array([self._values[place] for place in places]).reshape(-1, 4)

    def unfold(self, places: Sequence[int], dimensions: int) -> Floats:
        """Return the directions of the memories at these places."""
        if not places:
            return np.zeros((0, dimensions))
        return unfold_codes(np.stack([self._codes[place] for place in places], axis=1), dimensions)


def put_in_english(prompt: Prompt) -> tuple[str, str]:
    """Return what is searched for by keywords and by vector, also in English if it is in another language."""
    english = translate(prompt.text)
    return (prompt.text, prompt.words) if english is None else (f"{prompt.text}\n{english}", english)


def measure_pairs(
    values: Floats, memories: Sequence[StoredMemory], directions: Floats, vector: Floats
) -> Pairs:
    """Return what is known of each memory with a prompt; `values` are as `Hits.take` returns them."""
    signs = np.array([read_signs(one.content, is_by_person=is_by_person(one)) for one in memories])
    signs = signs.reshape(len(memories), len(SIGNS))
    return Pairs(
        share=values[:, 0],
        closeness=values[:, 1],
        covered=values[:, 2],
        literals=values[:, 3],
        cosine=measure_cosines(directions, vector),
        signs=signs,
    )


def measure_overturned(
    memories: Sequence[StoredMemory], directions: Floats, odds: Floats, signs: Floats, model: RecallModel
) -> Floats:
    """Return the log odds that newer memories overturn each one; minus infinity for those that aren't judged.

    What was stored on purpose never is: it is superseded explicitly, and not hidden by a guess.
    """
    order = np.argsort(-odds, kind="stable")
    in_order = [memories[place] for place in order]
    ages = describe_ages(in_order, directions[order], odds[order], signs[order], AGED)
    overturned = np.full(len(memories), -np.inf)
    overturned[order[: len(ages)]] = model.overturned.estimate(ages)
    return np.where([memory.is_message for memory in memories], overturned, -np.inf)


def is_by_person(memory: StoredMemory) -> bool:
    """Return whether a person said it, or it was stored on purpose."""
    return not memory.is_message or memory.role != "assistant"


def point(vector: Floats, model_id: int) -> EmbeddedQuery:
    """Return a direction as a query: what is nearest to it is found, without any word."""
    length = max(float(np.linalg.norm(vector)), 1e-9)
    unit = (vector / length).astype(np.float32)
    return EmbeddedQuery(model_id, Embedding(unit, np.zeros((0, len(unit)), np.float32), ()))


def _is_shown(memory: StoredMemory | None) -> bool:
    return memory is not None and _CURRENT.admits(memory) and bool(memory.content.strip())


def _has_all_words(query: str, texts: Iterable[str]) -> bool:
    """Return whether one of some texts has every word of a short query."""
    terms = set(analyse_query(query))
    return len(terms) <= FEW_WORDS and any(terms <= set(analyse(text)) for text in texts)
