"""Ranks memories by their relevance to a text: for searches, for tags and for facts."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

from mnemo_server.domain.memories.filters import MemoryFilter
from mnemo_server.domain.search.question import read_question
from mnemo_server.index.ranking.ranker import Ranking
from mnemo_server.index.ranking.scope import Scope
from mnemo_server.index.resident.cache import SearchIndex
from mnemo_server.index.segments.entries import facet
from mnemo_server.index.segments.vectors import EmbeddedQuery
from mnemo_server.services.indexing import run_analysis


async def rank_text(
    index: SearchIndex,
    tenant_id: int,
    text: str,
    scope: Scope,
    embedded: Coroutine[None, None, EmbeddedQuery | None],
) -> Ranking:
    """Rank a tenant's memories; `embedded` computes the vector of the text concurrently, or returns None."""
    embedding = asyncio.create_task(embedded)
    try:
        question = await run_analysis(lambda: read_question(text), len(text))
        return await index.search(tenant_id, question, scope, embedding)
    finally:
        embedding.cancel()


def to_scope(wanted: MemoryFilter) -> Scope:
    """Convert a filter to the scope of an index search."""
    required = [[facet(field, value) for value in values] for field, values in wanted.required()]
    excluded = [facet(field, value) for field, value in wanted.excluded()]
    return Scope(required, wanted.created_from, wanted.known_before, excluded)
