"""From texts to what the database keeps of their vectors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

from mnemo_server.embedding.ports import FREE, Embedder, EmbeddingRefused, Meter, OverBudget
from mnemo_server.index.segments.vectors import Embedding, encode_tokens, encode_vector
from mnemo_server.services.embedding.queue import WaitingText
from mnemo_server.stores.vectors import NewVector


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
