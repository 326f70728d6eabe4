"""A tiny model: each word has its own random direction, and the vector of a text is their sum."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from mnemo_server.index.segments.entries import hash_term
from mnemo_server.index.segments.vectors import EmbeddedQuery, Embedding, VectorSpace

SYNONYMS = {"car": "automobile", "w0": "w7"}  # words with the same meaning have the same direction


class Vectors(NamedTuple):
    """The vectors that a model returned for a memory."""

    model_id: int
    vector: np.ndarray | None  # None if the model refused the text
    tokens: np.ndarray


class ToyModel:
    def __init__(self, model_id=1, dimensions=100, *, returns_tokens=True):
        self.space = VectorSpace(model_id, dimensions)
        self._returns_tokens = returns_tokens

    def embed(self, words):
        """Embed content words; the vector of no words is 0."""
        directions = [self._direction(SYNONYMS.get(word, word)) for word in words]
        tokens = np.array(directions, dtype=np.float32).reshape(-1, self.space.dimensions)
        total = tokens.astype(np.float64).sum(axis=0)
        vector = (total / max(float(np.linalg.norm(total)), 1e-9)).astype(np.float32)
        if not self._returns_tokens:
            return Embedding(vector, tokens[:0], ())
        return Embedding(vector, tokens, tuple(words))

    def ask(self, words):
        return EmbeddedQuery(self.space.model_id, self.embed(words))

    def read(self, words):
        """Return the vectors that are stored with a memory of these words."""
        embedding = self.embed(words)
        return Vectors(self.space.model_id, embedding.vector, embedding.tokens)

    def refuse(self):
        return Vectors(self.space.model_id, None, np.empty((0, self.space.dimensions), dtype=np.float32))

    def _direction(self, word):
        direction = np.random.default_rng(hash_term(word)).standard_normal(self.space.dimensions)
        return direction / np.linalg.norm(direction)
