"""Suggests the tags of the nearest memories. It never sets any."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable
from dataclasses import replace
from typing import Final, TypeVar

from mnemo_server.domain.memories.filters import MemoryFilter
from mnemo_server.domain.memories.memory import StoredMemory
from mnemo_server.index.resident.cache import SearchIndex
from mnemo_server.services.embedding.service import EmbeddingService
from mnemo_server.services.search.ranking import rank_text, to_scope
from mnemo_server.stores.memories.store import MemoryStore

#: Maximum number of suggested tags.
MAX_SUGGESTED: Final = 5
#: Characters of a text that are read: enough to show what it is about.
READ_CHARACTERS: Final = 2_000
#: Number of nearest memories that are used; the minimum score of the best one with tags, below which matches
#: are nonsense; and the share of that score that the others need.
NEAREST: Final = 20
LEAST_SCORE: Final = 0.02
NEAR_SHARE: Final = 0.1
#: Maximum wait for the vector of the text: keywords are enough.
VECTOR_SECONDS: Final = 0.5

T = TypeVar("T")


class TagSuggester:
    """Suggests tags from similar memories."""

    def __init__(self, store: MemoryStore, index: SearchIndex, embedding: EmbeddingService) -> None:
        self._store = store
        self._index = index
        self._embedding = embedding

    async def suggest(self, memory: StoredMemory) -> list[str]:
        """Return tags that a memory doesn't have, best first; the memory may be stored or not."""
        text = memory.content[:READ_CHARACTERS]
        embedded = _soon(self._embedding.embed_query(memory.tenant_id, text))
        scope = replace(to_scope(MemoryFilter()), without=(memory.id,))
        ranking = await rank_text(self._index, memory.tenant_id, text, scope, embedded)
        scores = {
            int(number): float(score)
            for number, score in zip(ranking.memory_ids[:NEAREST], ranking.scores, strict=False)
        }
        held = await self._store.find_many(memory.tenant_id, list(scores))
        tagged = {number: near.tags for number, near in held.items() if near.tags}
        best = max((scores[number] for number in tagged), default=0.0)
        weights = Counter[str]()
        for number, tags in tagged.items():
            if best >= LEAST_SCORE and scores[number] >= NEAR_SHARE * best:
                weights.update(dict.fromkeys(tags, scores[number]))
        wanted = [tag for tag, _ in weights.most_common() if tag not in memory.tags]
        return wanted[:MAX_SUGGESTED]


async def _soon(work: Awaitable[T]) -> T | None:
    """Wait briefly for an optional result; None after the timeout."""
    try:
        async with asyncio.timeout(VECTOR_SECONDS):
            return await work
    except TimeoutError:
        return None
