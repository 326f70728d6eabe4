"""From a batch of texts to vectors in the database, paid for by whom they belong to."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from itertools import groupby
from typing import Final

import structlog

from mnemo_server.domain.clock import Clock
from mnemo_server.domain.tokens import bound_tokens
from mnemo_server.embedding.ports import FREE, Embedder, EmbeddingRefused, Meter, OverBudget
from mnemo_server.index.resident.cache import SearchIndex
from mnemo_server.index.segments.vectors import Embedding, encode_tokens, encode_vector
from mnemo_server.services.embedding.model import LiveModel
from mnemo_server.services.embedding.over_budget import OverBudgetTenants
from mnemo_server.services.embedding.queue import WaitingText
from mnemo_server.stores.vectors import EVERYTHING, NewVector, Share, VectorStore

#: Enough that few servers choose the same one.
_SHARES: Final = 16

_log = structlog.get_logger("mnemo")


class EmbeddingWork:
    """One batch at a time; texts whose tenant can pay for no more today are put off."""

    def __init__(
        self,
        vectors: VectorStore,
        index: SearchIndex,
        clock: Clock,
        meter_of: Callable[[int], Meter] | None = None,
    ) -> None:
        """Take a meter for each tenant; None where vectors are free."""
        #: Texts since the start: with a vector now, refused by the model, in batches that failed.
        self.embedded = 0
        self.refused = 0
        self.failed = 0
        self.over_budget = OverBudgetTenants(clock)
        #: What of the batch isn't done yet, also after an error.
        self.left: Sequence[WaitingText] = ()
        self._vectors = vectors
        self._index = index
        self._clock = clock
        self._meter_of = meter_of

    def meter(self, tenant_id: int) -> Meter:
        """Return the meter of a tenant."""
        return FREE if self._meter_of is None else self._meter_of(tenant_id)

    async def do(self, live: LiveModel, batch: Sequence[WaitingText]) -> None:
        """Make vectors, write them, and let the index of this server know.

        Free ones are made together. Paid ones tenant by tenant and the shortest texts first, so that a budget
        goes far, and a text beyond it stands in the way of no other.
        """
        is_free = self._meter_of is None
        self.left = sorted(batch, key=lambda one: (one.tenant_id, 0 if is_free else bound_tokens(one.text)))
        try:
            while self.left:
                payer = self.left[0].tenant_id
                group = self.left if is_free else await self._choose_group(payer)
                await self._do_group(live, payer, group)
        except Exception:
            self.failed += len(self.left)
            raise

    def choose_shares(self) -> tuple[Share, ...]:
        """Return the shares of what waits in the database that are to be looked into, one after the other.

        Servers that begin at the same place would pay for the same vectors, so each begins somewhere.
        """
        if self._meter_of is None:
            return (EVERYTHING,)
        return Share(random.randrange(_SHARES), _SHARES), EVERYTHING

    async def _choose_group(self, payer: int) -> Sequence[WaitingText]:
        """Give the texts of a tenant that still need a vector, and leave out the others: they cost money."""
        group = [one for one in self.left if one.tenant_id == payer]
        current = await self._vectors.find_current(payer, [one.entry for one in group])
        chosen = [one for one, is_current in zip(group, current, strict=True) if is_current]
        self.left = [*chosen, *self.left[len(group) :]]
        return chosen

    async def _do_group(self, live: LiveModel, payer: int, group: Sequence[WaitingText]) -> None:
        """Deal with the first texts of what is left, which one tenant pays for."""
        if group and not self.over_budget.holds_text(payer, group[0].text):
            async with aclosing(vectorize(live.embedder, group, self.meter(payer))) as parts:
                async for vectors in parts:
                    await self._write(live, group, vectors)
                    group = group[len(vectors) :]
                    self.left = self.left[len(vectors) :]
            if group:
                _log.info("the budget for vectors is spent for today", tenant_id=payer, waiting=len(group))
        if group:
            self.over_budget.put(payer, group[0].text, len(group))
            self.left = self.left[len(group) :]

    async def _write(
        self, live: LiveModel, texts: Sequence[WaitingText], vectors: Sequence[NewVector]
    ) -> None:
        """Write the vectors of the first of some texts."""
        pairs = zip(texts, vectors, strict=False)
        for tenant_id, group in groupby(pairs, key=lambda pair: pair[0].tenant_id):
            made = [vector for _, vector in group]
            rows = await self._vectors.write(tenant_id, live.model_id, made, self._clock())
            self._index.note(tenant_id, rows)
            refused = sum(row.vector_code is None for row in rows)
            self.refused += refused
            self.embedded += len(rows) - refused


async def vectorize(
    embedder: Embedder, batch: Sequence[WaitingText], meter: Meter = FREE
) -> AsyncGenerator[list[NewVector], None]:
    """Embed texts in their order; yield their vectors, as many together as model and budget take.

    One that the model refuses becomes a vector without a code. What is left when it ends was too dear: the
    budget didn't allow the first of it, even alone.

    Raises:
        EmbedderUnavailable: what wasn't yielded isn't done.
    """
    left = list(batch)
    size = len(left)
    while left:
        part = left[:size]
        embeddings: Sequence[Embedding | None]
        try:
            embeddings = await embedder.embed_documents([one.text for one in part], meter)
        except OverBudget:
            if len(part) == 1:
                return
            size = len(part) // 2
            continue
        except EmbeddingRefused:
            if len(part) > 1:  # whichever it is, the others are taken
                size = 1
                continue
            embeddings = [None]
        yield await asyncio.to_thread(_encode, part, embeddings)
        left = left[len(part) :]


def _encode(batch: Sequence[WaitingText], embeddings: Sequence[Embedding | None]) -> list[NewVector]:
    return [
        NewVector(one.entry, None) if embedding is None else _new_vector(one, embedding)
        for one, embedding in zip(batch, embeddings, strict=True)
    ]


def _new_vector(waiting: WaitingText, embedding: Embedding) -> NewVector:
    return NewVector(
        waiting.entry,
        encode_vector(embedding.vector),
        encode_tokens(embedding.tokens),
        tuple(embedding.vector.tolist()),
    )
