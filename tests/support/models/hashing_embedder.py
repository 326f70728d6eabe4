"""A model for tests: a word's vector is drawn from its hash, and a text's vector is the sum of its words."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Sequence

import numpy as np
from mnemo_server.embedding.ports import (
    FREE,
    EmbedderUnavailable,
    EmbeddingError,
    EmbeddingRefused,
    Meter,
    Model,
)
from mnemo_server.index.segments.vectors import Embedding, Floats32

_WORD = re.compile(r"\w+")


class HashingEmbedder:
    """Deterministic, and controlled by tests: they switch it off, delay it and choose what it refuses."""

    def __init__(self, name: str = "hashing", dimensions: int = 64) -> None:
        self.model = Model(name, dimensions)
        self.is_down = False
        #: The next call raises this once.
        self.bug: Exception | None = None
        #: Texts with this word are refused.
        self.refused_word = ""
        #: Calls wait until this is set, as it is at the start.
        self.gate = asyncio.Event()
        self.gate.set()
        #: Set when a call has started.
        self.has_started = asyncio.Event()
        #: Every text that was embedded, in order.
        self.texts: list[str] = []
        self.is_closed = False

    async def prepare(self) -> Model:
        """See `Embedder`."""
        await self._wait_and_fail(())
        return self.model

    async def embed_documents(self, texts: Sequence[str], meter: Meter = FREE) -> list[Embedding]:
        """See `Embedder`; a text costs as many tokens as it has words, and the usage reports the same."""
        self.has_started.set()
        await self._charge(texts, meter)
        self.texts.extend(texts)
        return [self.embed(text) for text in texts]

    async def embed_query(self, text: str, meter: Meter = FREE) -> Embedding:
        """See `Embedder`; charged like documents."""
        await self._charge((text,), meter)
        return self.embed(text)

    def count(self, text: str) -> int:
        """Return the number of tokens of a text."""
        return len(_WORD.findall(text))

    async def close(self) -> None:
        """See `Embedder`."""
        self.is_closed = True

    def embed(self, text: str) -> Embedding:
        """Embed a text without waiting and without charging."""
        words = tuple(word.lower() for word in _WORD.findall(text))
        tokens = np.array([self._draw(word) for word in words], dtype=np.float32)
        tokens = tokens.reshape(len(words), self.model.dimensions)
        return Embedding(_normal(tokens.sum(axis=0)), tokens, words)

    async def _charge(self, texts: Sequence[str], meter: Meter) -> None:
        """Embed and charge the tokens; a failure costs nothing."""
        tokens = sum(map(self.count, texts))
        reservation = await meter.reserve(tokens)
        try:
            await self._wait_and_fail(texts)
        except EmbeddingError:
            await meter.release(reservation)
            raise
        await meter.settle(reservation, tokens)

    async def _wait_and_fail(self, texts: Sequence[str]) -> None:
        await self.gate.wait()
        bug, self.bug = self.bug, None
        if bug is not None:
            raise bug
        if self.is_down:
            raise EmbedderUnavailable("The model is away.")
        if self.refused_word and any(self.refused_word in text for text in texts):
            raise EmbeddingRefused("The model doesn't take such texts.")

    def _draw(self, word: str) -> Floats32:
        digest = hashlib.sha256(f"{self.model.name} {word}".encode()).digest()
        numbers = np.random.default_rng(list(digest)).standard_normal(self.model.dimensions)
        return _normal(numbers.astype(np.float32))


def _normal(vector: Floats32) -> Floats32:
    length = np.float32(np.linalg.norm(vector))
    result: Floats32 = vector / length if length else vector
    return result
