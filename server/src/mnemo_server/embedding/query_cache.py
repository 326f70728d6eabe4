"""A cache of embedded questions, so that recent ones are not embedded again."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from mnemo_server.embedding.ports import FREE, Embedder, EmbedderUnavailable, Meter, Model
from mnemo_server.index.resident.single_flight import mark_retrieved
from mnemo_server.index.segments.vectors import Embedding

KEPT_QUERIES: Final = 1_000
KEPT_BYTES: Final = 32 * 1_048_576
"""Limits the vectors of long questions: a thousand questions of common length take half of it."""


class QueryCache:
    """An embedder that caches the most recently used questions, by digests and not by their texts."""

    def __init__(self, embedder: Embedder, *, count: int = KEPT_QUERIES, size: int = KEPT_BYTES) -> None:
        """Accept the embedder to ask, and the limits of questions and of bytes of vectors."""
        self._embedder = embedder
        self._count = count
        self._size = size
        self._kept: OrderedDict[bytes, Embedding] = OrderedDict()
        self._kept_bytes = 0
        #: The payer is part of the key: one caller's exhausted budget must not fail another caller.
        self._running: dict[tuple[bytes, int], asyncio.Task[Embedding]] = {}

    async def prepare(self) -> Model:
        """See `Embedder`."""
        return await self._embedder.prepare()

    async def embed_documents(self, texts: Sequence[str], meter: Meter = FREE) -> list[Embedding]:
        """See `Embedder`; documents are embedded once, so none is cached."""
        return await self._embedder.embed_documents(texts, meter)

    async def embed_query(self, text: str, meter: Meter = FREE) -> Embedding:
        """See `Embedder`; the runs of a question are single flight, and its embedding is read-only."""
        key = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        run = (key, meter.payer)
        if run not in self._running:
            task = asyncio.create_task(self._embed(run, text, meter))
            task.add_done_callback(mark_retrieved)
            self._running[run] = task
        return await _result_of(self._running[run])

    async def close(self) -> None:
        """Forget everything and close the embedder."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._kept.clear()
        self._kept_bytes = 0
        await self._embedder.close()

    async def _embed(self, run: tuple[bytes, int], text: str, meter: Meter) -> Embedding:
        try:
            embedding = await self._embedder.embed_query(text, meter)
        finally:
            del self._running[run]
        embedding.vector.flags.writeable = False
        embedding.tokens.flags.writeable = False
        self._keep(run[0], embedding)
        return embedding

    def _keep(self, key: bytes, embedding: Embedding) -> None:
        if key in self._kept:  # another payer was faster
            return
        self._kept[key] = embedding
        self._kept_bytes += _count_bytes(embedding)
        while len(self._kept) > self._count or self._kept_bytes > self._size:
            _, oldest = self._kept.popitem(last=False)
            self._kept_bytes -= _count_bytes(oldest)


async def _result_of(task: asyncio.Task[Embedding]) -> Embedding:
    """Wait for a shared run; closing the cache cancels the run, but not the callers that wait for it."""
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        me = asyncio.current_task()
        if task.cancelled() and not (me and me.cancelling()):
            raise EmbedderUnavailable("The embedding model is closed.") from None
        raise


def _count_bytes(embedding: Embedding) -> int:
    return embedding.vector.nbytes + embedding.tokens.nbytes
