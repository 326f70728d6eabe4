"""Ranks the memories of one tenant: keywords and vectors find them, their context decides among the best.

The best matches of keywords and of vectors, and the memories that contain a rare literal of the question, are
scored together with the messages around them; all other keyword matches follow in their order by BM25. All
values that decide are the same on every server, so the ranking is too. The work has two halves, since the
binary codes of the candidates' words are read from the database in between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeGuard

import numpy as np
from numpy.typing import NDArray

from mnemo_server.domain.search.analysis import analyse_query
from mnemo_server.domain.search.question import Question
from mnemo_server.index.ranking.bm25 import Matches, Query
from mnemo_server.index.ranking.candidates import Choice, choose, describe, find_literal_holders
from mnemo_server.index.ranking.confidence import BY_KEYWORDS, BY_MEANING, estimate_relevance
from mnemo_server.index.ranking.context import Evidence, Scored, score_in_context
from mnemo_server.index.ranking.late_interaction import match_tokens
from mnemo_server.index.ranking.nearest import Probe, find_nearest
from mnemo_server.index.ranking.statistics import count_live, weigh_rarity
from mnemo_server.index.ranking.weights import MEANING, MEANING_SHARE
from mnemo_server.index.segments.entries import hash_terms
from mnemo_server.index.segments.vectors import Embedding, Floats32

KEYWORD_CANDIDATES = 100
"""Best keyword matches that are scored in context; on LoCoMo more bring no gain."""

BOTH_CANDIDATES = 50
"""Best matches of keywords and of vectors each, when there are vectors; on LoCoMo more bring no gain."""

_LEAST = 1e-3  # the least total: below it, its parts nearly cancel out
_PLAIN_WEIGHT = 0.5  # weight of a word of the question that isn't a term: a question of stop words alone


@dataclass(frozen=True, slots=True)
class Signals:
    """What was measured of the first memories of a ranking, comparable between questions."""

    closeness: NDArray[np.float64]
    """Cosine between the vectors of memory and question; 0 without vectors."""
    covered: NDArray[np.float64]
    """Share of what the question looks for that the memory says itself, 0 to 1."""
    literals: NDArray[np.float64]
    """Share of the question's rare literals that the memory contains, 0 to 1."""
    totals: NDArray[np.float64]
    """Sum of the parts of the score, where 1 is the evidence of the best memory."""
    codes: NDArray[np.uint64]
    """(words, memories): the codes of their vectors; 0 without a vector."""


_NO_SIGNALS = Signals(np.empty(0), np.empty(0), np.empty(0), np.empty(0), np.empty((0, 0), dtype=np.uint64))


@dataclass(frozen=True, slots=True)
class Ranking:
    """The memories found, best first; among equal scores the newest first."""

    memory_ids: NDArray[np.int64]
    scores: NDArray[np.float64]
    """0 to 1, never increasing: the probability that the memory answers the question."""
    parts: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    """The parts of the scores of the first memories; the parts of one add up to its score."""
    signals: Signals = _NO_SIGNALS

    def from_confidence(self, percent: int) -> Ranking:
        """Return the memories whose score, in whole percent, is at least this."""
        count = int(np.count_nonzero(np.round(self.scores * 100) >= percent))
        return replace(self, memory_ids=self.memory_ids[:count], scores=self.scores[:count])

    def explain(self, place: int) -> dict[str, float]:
        """Return the parts of the score at a place."""
        if place >= len(next(iter(self.parts.values()), ())):
            return {"keywords": float(self.scores[place])}
        return {name: float(values[place]) for name, values in self.parts.items() if values[place]}


EMPTY = Ranking(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float64))


@dataclass(frozen=True, slots=True)
class Draft:
    """A ranking before the words of the candidates are compared."""

    query: Query
    question: Question
    matches: Matches
    choice: Choice
    embedding: Embedding | None
    token_weights: NDArray[np.float64]

    def list_wanted(self) -> dict[int, int]:
        """Return the memories whose codes of words `rank` can use, with the revisions of their entries."""
        if self.embedding is None or not len(self.embedding.tokens):
            return {}
        excerpt, has_code = self.choice.excerpt, self.choice.has_code
        return dict(
            zip(excerpt.memory_ids[has_code].tolist(), excerpt.revisions[has_code].tolist(), strict=True)
        )


def draft(
    query: Query, question: Question, embedding: Embedding | None = None, matches: Matches | None = None
) -> Draft:
    """Choose the candidates; filters also apply to the messages around matches.

    `matches` is the result of `query.match`, if that was called already.
    """
    if matches is None:
        matches = query.match()
    holders = find_literal_holders(query, question)
    if not has_direction(embedding):
        places = np.union1d(matches.places[:KEYWORD_CANDIDATES], holders)
        return Draft(query, question, matches, choose(query, places, None), None, np.empty(0))
    weights, probe = aim(query, embedding)
    nearest = find_nearest(query, probe, BOTH_CANDIDATES)
    places = np.union1d(np.union1d(matches.places[:BOTH_CANDIDATES], holders), nearest)
    return Draft(query, question, matches, choose(query, places, probe), embedding, weights)


def has_direction(embedding: Embedding | None) -> TypeGuard[Embedding]:
    """Return whether a question has a direction, so that memories can be near to it: not without content."""
    return embedding is not None and bool(embedding.vector.any())


def aim(query: Query, embedding: Embedding) -> tuple[NDArray[np.float64], Probe]:
    """Return the weight of each word of the question, and the vector to search for."""
    weights = _weigh_words(query, embedding.words)
    return weights, Probe.of(_direct(embedding, weights))


def rank(draft: Draft, codes: Mapping[int, bytes]) -> Ranking:
    """Score the candidates and append the rest.

    `codes` contains the codes of words that the entry source has for the memories of `draft.list_wanted()`.
    """
    excerpt, matches = draft.choice.excerpt, draft.matches
    if not len(excerpt.memory_ids):
        return EMPTY
    candidates = describe(draft.query, draft.question, draft.choice, _find_meaning(draft, codes))
    scored = score_in_context(candidates)
    totals = scored.totals
    order = np.lexsort((-excerpt.memory_ids, -totals))
    best = max(float(totals[order[0]]), _LEAST)
    calibration = BY_KEYWORDS if draft.embedding is None else BY_MEANING
    scores = estimate_relevance(totals[order] / best, scored.quality, calibration)
    is_rest = _find_rest(draft.query, matches, excerpt.places)
    # Matches that weren't scored in context count by BM25 alone, without neighbours.
    rest = matches.scores[is_rest] / (matches.scores[:1].max(initial=0.0) or 1.0)
    rest_scores = estimate_relevance(rest / max(best, 1.0), scored.quality, calibration)
    return Ranking(
        np.concatenate((excerpt.memory_ids[order], matches.memory_ids[is_rest])),
        np.concatenate((scores, np.minimum(rest_scores, scores[-1]))),
        _share_out(scored, order, scores),
        Signals(
            closeness=candidates.closeness[order],
            covered=scored.covered[order],
            literals=candidates.literals[order],
            totals=totals[order],
            codes=draft.choice.codes[:, order],
        ),
    )


def find_word_terms(words: Sequence[str]) -> dict[str, str | None]:
    """Return for each word of a question the term whose rarity is its weight; None for a stop word."""
    return {word: next(iter(analyse_query(word)), None) for word in dict.fromkeys(words)}


def _weigh_words(query: Query, words: Sequence[str]) -> NDArray[np.float64]:
    """Return the weight of each word of a question: the fewer memories contain it, the more it weighs."""
    terms = find_word_terms(words)
    counts = {
        term: count_live(query.segments, hash_terms([term]))[0] for term in terms.values() if term is not None
    }
    weights = {
        word: _PLAIN_WEIGHT if term is None else weigh_rarity(counts[term], query.live_count)
        for word, term in terms.items()
    }
    return np.array([weights[word] for word in words])


def _direct(embedding: Embedding, weights: NDArray[np.float64]) -> Floats32:
    """Return the vector to search for: of the whole question and of its rare words, in equal parts."""
    if not len(embedding.tokens):
        return embedding.vector
    rare = (weights[:, None] * embedding.tokens).sum(axis=0)
    both = embedding.vector + rare / max(float(np.linalg.norm(rare)), 1e-9)
    aim: Floats32 = (both / max(float(np.linalg.norm(both)), 1e-9)).astype(np.float32)
    return aim


def _find_meaning(draft: Draft, codes: Mapping[int, bytes]) -> Evidence | None:
    if draft.embedding is None or not len(draft.embedding.tokens):
        return None
    held = [codes.get(memory_id, b"") for memory_id in draft.choice.excerpt.memory_ids.tolist()]
    share = np.array([MEANING_SHARE if code else 0.0 for code in held])
    return Evidence(MEANING, match_tokens(draft.embedding.tokens, held), draft.token_weights, share)


def _find_rest(query: Query, matches: Matches, taken: NDArray[np.int64]) -> NDArray[np.bool_]:
    is_rest = np.ones(query.document_count, dtype=np.bool_)
    is_rest[taken] = False
    return is_rest[matches.places]


def _share_out(
    scored: Scored, order: NDArray[np.int64], scores: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Split each score in proportion to the parts of its total; a total close to 0 isn't split."""
    totals = scored.totals[order]
    is_some = totals > _LEAST
    scale = np.where(is_some, scores / np.where(is_some, totals, 1.0), 0.0)
    parts = {name: part[order] * scale for name, part in scored.parts.items()}
    parts["keywords"] = np.where(is_some, parts["keywords"], scores)
    return parts
