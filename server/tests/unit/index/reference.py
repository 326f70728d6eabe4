"""Documents, and BM25 over the live ones in its simplest form, as a reference. Nothing here is optimised."""

from __future__ import annotations

import math
from typing import NamedTuple

import pytest
from mnemo_server.index.segments.entries import EntryRow, encode_terms, facet, hash_session, hash_term
from mnemo_server.index.segments.vectors import encode_tokens, encode_vector

from .toy_model import Vectors


class Document(NamedTuple):
    """A memory; one with a session is a message."""

    tokens: list
    tags: set
    session: str | None = None
    seq: int | None = None
    speaker: str | None = None
    traits: int = 0
    created_at: int = 0
    vectors: Vectors | None = None


def make_row(memory_id, document, *, revision=1, changed_at=0):
    """Return the search entry of a document; None stands for a deleted one."""
    if document is None:
        return EntryRow(memory_id, revision, changed_at, is_active=False, length=0, terms=b"")
    document = Document(*document)
    vectors = document.vectors
    has_vector = vectors is not None and vectors.vector is not None
    return EntryRow(
        memory_id,
        revision,
        changed_at,
        is_active=True,
        length=len(document.tokens),
        terms=encode_terms(document.tokens, [facet("tag", tag) for tag in document.tags]),
        session_key=None if document.session is None else hash_session(document.session),
        seq=document.seq,
        speaker=document.speaker,
        traits=document.traits,
        created_at=document.created_at,
        model_id=0 if vectors is None else vectors.model_id,
        vector_code=encode_vector(vectors.vector) if has_vector else None,
    )


def make_codes(documents, model_id):
    """Return the token codes that the entry source has for all documents."""
    return {
        key: encode_tokens(document.vectors.tokens)
        for key, document in documents.items()
        if has_vector_of(document, model_id)
    }


def has_vector_of(document, model_id):
    vectors = document.vectors
    return vectors is not None and vectors.vector is not None and vectors.model_id == model_id


class Lexical:
    """BM25 over all documents; sums are added in the order of the hashes, so that ties are ties here too."""

    def __init__(self, documents, terms):
        self.documents = documents
        count = len(documents)
        self.mean = sum(len(one[0]) for one in documents.values()) / count if count else 0
        self.frequency = {term: self.count(term) for term in set(terms)}
        rare = {term for term, df in self.frequency.items() if df <= max(0.1 * count, 64)}
        kept = rare if sum(1 for term in rare if self.frequency[term]) > 2 else set(self.frequency)
        self.weights = {term: self.rarity(term) * 2.2 for term in sorted(kept, key=hash_term)}
        self.best = sum(self.weights.values())

    def count(self, term):
        return sum(term in one[0] for one in self.documents.values())

    def rarity(self, term):
        count_with_term = self.count(term)
        return math.log(1 + (len(self.documents) - count_with_term + 0.5) / (count_with_term + 0.5))

    def evidence(self, memory_id):
        """Return {term: BM25 share}."""
        tokens = self.documents[memory_id][0]
        norm = 1.2 * 0.6 + (1.2 * 0.4 / self.mean) * len(tokens) if tokens else 1
        return {term: tokens.count(term) / (tokens.count(term) + norm) for term in self.weights}

    def total(self, evidence):
        return sum(weight * evidence[term] for term, weight in self.weights.items())

    def scores(self, groups):
        """Return {memory_id: BM25} of all matches."""
        return {
            memory_id: self.total(self.evidence(memory_id)) / self.best
            for memory_id, document in self.documents.items()
            if any(term in document[0] for term in self.weights) and matches_groups(document, groups)
        }


def matches_groups(document, groups):
    return all(document[1] & set(group) for group in groups)


def assert_scores_equal(found, memory_ids, expected, *, error=1e-9):
    assert len(memory_ids) == len(expected)
    assert found == pytest.approx(expected, rel=error, abs=error)


def check_matches(matches, documents, terms, groups=()):
    """Compare matches with the reference BM25."""
    found = dict(zip(matches.memory_ids.tolist(), matches.scores.tolist(), strict=True))
    assert_scores_equal(found, matches.memory_ids, Lexical(documents, terms).scores(groups))
    order = [(-score, -memory_id) for memory_id, score in found.items()]
    assert order == sorted(order)
    assert all(0 < score <= 1 for score in found.values())
