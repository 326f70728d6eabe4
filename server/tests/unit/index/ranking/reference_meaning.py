"""Scores by vectors in their simplest form: which memories are near, and which words match in meaning."""

from __future__ import annotations

import math

import numpy as np
from mnemo_server.domain.search.analysis import analyse_query
from mnemo_server.index.segments.vectors import project_tokens

from server.tests.unit.index.reference import has_vector_of, matches_groups

STEPS = 4096


class Meaning:
    """The vectors of a question compared with those of documents; closeness is the cosine with signs only."""

    def __init__(self, documents, lexical, embedded):
        self.documents = documents
        self.embedding = embedded.embedding
        self.model_id = embedded.model_id
        self.weights = {
            number: self._weigh(lexical, word) for number, word in enumerate(self.embedding.words)
        }
        self.target = np.round(self._target().astype(np.float32) * np.float32(STEPS)).astype(int)
        projected = project_tokens(self.embedding.tokens) if self.weights else np.empty((0, 192))
        self.projected_query = np.round(projected * np.float32(STEPS)).astype(int)

    @staticmethod
    def _weigh(lexical, word):
        terms = analyse_query(word)
        return lexical.rarity(terms[0]) if terms else 0.5

    def _target(self):
        """Return the mean direction of the question's vector and that of its rare words."""
        vector = self.embedding.vector
        if not self.weights:
            return vector
        rare = (np.array([[weight] for weight in self.weights.values()]) * self.embedding.tokens).sum(axis=0)
        both = vector + rare / np.linalg.norm(rare)
        return both / np.linalg.norm(both)

    def has_vector(self, key):
        return has_vector_of(self.documents[key], self.model_id)

    def has_words(self, key):
        return bool(self.weights) and self.has_vector(key) and len(self.documents[key].vectors.tokens) > 0

    def dot(self, key):
        signs = [1 if value > 0 else -1 for value in self.documents[key].vectors.vector]
        return sum(sign * step for sign, step in zip(signs, self.target.tolist(), strict=True))

    def closeness(self, key):
        return self.dot(key) / (STEPS * math.sqrt(len(self.target)) * math.sqrt(2 / math.pi))

    def nearest(self, count, groups):
        """Return the nearest documents; all are measured as long as there are few."""
        known = [
            key for key, one in self.documents.items() if self.has_vector(key) and matches_groups(one, groups)
        ]
        return sorted(known, key=lambda key: (-self.dot(key), -key))[:count]

    def evidence(self, key):
        """Return {number of a word of the question: similarity of the nearest word of the memory}."""
        if not self.has_words(key):
            return dict.fromkeys(self.weights, 0)
        signs = np.where(project_tokens(self.documents[key].vectors.tokens) > 0, 1, -1)
        best = (signs @ self.projected_query.T).max(axis=0) / (STEPS * math.sqrt(192))
        return {number: min(max(float(best[number]), 0), 1) for number in self.weights}

    def total(self, evidence):
        return sum(weight * evidence[number] ** 1.5 for number, weight in self.weights.items())
