"""From texts to what the database keeps of their vectors."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from mnemo_server.embedding.ports import Embedder, EmbeddingRefused
from mnemo_server.index.vectors import Embedding, encode_tokens, encode_vector
from mnemo_server.services.embedding_queue import WaitingText
from mnemo_server.stores.ports import NewVector


async def vectorize(embedder: Embedder, batch: Sequence[WaitingText]) -> list[NewVector]:
    """Embed texts; one that the model refuses becomes a vector without a code.

    Raises:
        EmbedderUnavailable: none of it is done.
    """
    embeddings = await _embed(embedder, [one.text for one in batch])
    return await asyncio.to_thread(_encode, batch, embeddings)


async def _embed(embedder: Embedder, texts: Sequence[str]) -> Sequence[Embedding | None]:
    """Embed texts together, and each alone when one of them is refused."""
    try:
        return await embedder.embed_documents(texts)
    except EmbeddingRefused:
        if len(texts) == 1:
            return [None]
    return [(await _embed(embedder, [text]))[0] for text in texts]


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
