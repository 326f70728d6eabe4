"""Suggest tags: those of the memories that are nearest to one. None is ever set."""

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

#: Tags in an answer at most.
MAX_SUGGESTED: Final = 5
#: Characters of a text that are looked at: what it is about is said by then.
READ_CHARACTERS: Final = 2_000
#: Nearest memories that count; the score that the best one with tags needs at least, below which nonsense
#: lies; and the share of it that the others need.
NEAREST: Final = 20
LEAST_SCORE: Final = 0.02
NEAR_SHARE: Final = 0.1
#: The vector of the text is worth no longer wait: keywords do.
VECTOR_SECONDS: Final = 0.5

T = TypeVar("T")


class TagSuggester:
    """Knows the tags of what is near."""

    def __init__(self, store: MemoryStore, index: SearchIndex, embedding: EmbeddingService) -> None:
        self._store = store
        self._index = index
        self._embedding = embedding

    async def suggest(self, memory: StoredMemory) -> list[str]:
        """Return tags that a memory doesn't have, the most fitting first; it may be stored already or not."""
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
    """Wait a moment for something that may be done without."""
    try:
        async with asyncio.timeout(VECTOR_SECONDS):
            return await work
    except TimeoutError:
        return None
