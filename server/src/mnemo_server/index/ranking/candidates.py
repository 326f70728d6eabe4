"""Collects what context scoring needs to know of the best matches and of the messages around them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnemo_server.domain.search.question import Question, find_named, is_person
from mnemo_server.index.ranking.bm25 import Query
from mnemo_server.index.ranking.context import Candidates, Evidence
from mnemo_server.index.ranking.nearest import Probe, measure_closeness
from mnemo_server.index.ranking.threads import REACH, Excerpt, read_excerpt
from mnemo_server.index.ranking.weights import KEYWORDS
from mnemo_server.index.segments.entries import hash_term

RARE_COUNT = 10
"""A literal of the question that at most this many memories contain puts them before all others."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The documents to score, in the order of the excerpt, and the relations between them."""

    excerpt: Excerpt
    links: dict[int, NDArray[np.int64]]
    """As in `Candidates`."""
    opens_session: NDArray[np.bool_]
    has_code: NDArray[np.bool_]
    closeness: NDArray[np.float64]
    """Cosine between the vectors of each document and of the question; 0 for a document without a vector."""
    codes: NDArray[np.uint64]
    """(words, documents): the codes of their vectors; 0 without one."""


def find_literal_holders(query: Query, question: Question) -> NDArray[np.int64]:
    """Return the places of the scope's memories that contain a rare literal of the question, ascending.

    They are candidates however many other memories contain more of the question's other words.
    """
    places = [np.empty(0, dtype=np.int64)]
    terms = _find_rare_literals(query, question)
    for number, (base, (segment, slices)) in enumerate(zip(query.bases, query.pairs(), strict=True)):
        for term in terms:
            ordinals = query.admit(number, segment.ordinals[slices[term]])
            places.append(ordinals.astype(np.int64) + base)
    return np.unique(np.concatenate(places))


def choose(query: Query, places: NDArray[np.int64], probe: Probe | None) -> Choice:
    """Choose the documents at `places` (as in `Matches`) and the messages around them, within the scope."""
    around = _read_around(query, places)
    is_shown = _find_shown(query, around, places)
    opens_session = np.concatenate(([True], ~around.continues())) & around.is_message
    excerpt = around.take(np.flatnonzero(is_shown))
    vectors = _measure_vectors(query, excerpt.places, probe)
    return Choice(excerpt, _link(around, is_shown), opens_session[is_shown], *vectors)


def describe(query: Query, question: Question, choice: Choice, meaning: Evidence | None) -> Candidates:
    """Return what scoring needs to know; `meaning` is the evidence of a model about the words."""
    excerpt = choice.excerpt
    matrix = _collect_evidence(query, excerpt.places)
    share = np.ones(len(excerpt.places)) if meaning is None else 1 - meaning.share
    keywords = Evidence(KEYWORDS, matrix, np.array(list(query.weights.values())), share)
    return Candidates(
        evidence=(keywords,) if meaning is None else (keywords, meaning),
        closeness=choice.closeness,
        has_vector=choice.has_code,
        links=choice.links,
        sessions=np.concatenate(([0], np.cumsum(~excerpt.continues()))),
        is_alone=~excerpt.is_message,
        opens_session=choice.opens_session,
        is_chat=_flag_speakers(excerpt, is_person) & excerpt.is_message,
        is_named=_flag_speakers(excerpt, _named_by(question, excerpt)),
        speakers=excerpt.speakers,
        traits=excerpt.traits,
        literals=_share_literals(query, question, matrix),
        asks_when=question.asks_when,
    )


def _measure_vectors(
    query: Query, places: NDArray[np.int64], probe: Probe | None
) -> tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.uint64]]:
    has_code, closeness = np.zeros(len(places), dtype=np.bool_), np.zeros(len(places))
    codes = np.zeros((0 if probe is None else len(probe.code), len(places)), dtype=np.uint64)
    if probe is not None:
        for base, segment in zip(query.bases, query.segments, strict=True):
            here = np.flatnonzero((places >= base) & (places < base + len(segment.alive)))
            here = here[segment.has_code[places[here] - base]]
            if not len(here):
                continue  # a segment without any vector has no rows of codes
            has_code[here] = True
            codes[:, here] = segment.codes[:, places[here] - base]
            closeness[here] = measure_closeness(codes[:, here], probe)
    return has_code, closeness, codes


def _read_around(query: Query, places: NDArray[np.int64]) -> Excerpt:
    ordinals = [
        places[(places >= base) & (places < base + len(segment.alive))] - base
        for base, segment in zip(query.bases, query.segments, strict=True)
    ]
    return read_excerpt(query.segments, ordinals)


def _find_shown(query: Query, excerpt: Excerpt, best: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which documents are among the best or near one of them, and pass the filters."""
    is_near = np.isin(excerpt.places, best)
    continues = excerpt.continues()
    for _ in range(REACH):
        spread = is_near.copy()
        spread[1:] |= is_near[:-1] & continues
        spread[:-1] |= is_near[1:] & continues
        is_near = spread
    for number, (base, segment) in enumerate(zip(query.bases, query.segments, strict=True)):
        here = (excerpt.places >= base) & (excerpt.places < base + len(segment.alive))
        allowed = query.find_allowed(number)
        if allowed is not None:
            is_near[here] &= allowed[excerpt.places[here] - base]
    return is_near


def _link(excerpt: Excerpt, is_shown: NDArray[np.bool_]) -> dict[int, NDArray[np.int64]]:
    """Return for each shown document the positions of the shown ones one and two places away, or -1.

    `read_excerpt` reads one place further than is shown, so neighbours here are neighbours in the session.
    """
    count = len(is_shown)
    position = np.where(is_shown, np.cumsum(is_shown) - 1, -1)
    links = {}
    for distance in range(1, REACH + 1):
        ahead, back = np.full(count, -1), np.full(count, -1)
        keys = excerpt.session_keys
        same = (keys[distance:] == keys[:-distance]) & (keys[distance:] > 0)
        ahead[:-distance] = np.where(same, position[distance:], -1)
        back[distance:] = np.where(same, position[:-distance], -1)
        links[distance], links[-distance] = ahead[is_shown], back[is_shown]
    return links


def _collect_evidence(query: Query, places: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the BM25 share of each scored term (rows) in each document (columns)."""
    evidence = np.zeros((len(query.weights), len(places)))
    for base, (segment, slices) in zip(query.bases, query.pairs(), strict=True):
        column = np.zeros(len(segment.alive), dtype=np.int32)  # of each document, from 1; 0 for others
        here = np.flatnonzero((places >= base) & (places < base + len(segment.alive)))
        column[places[here] - base] = here + 1
        for row, term in enumerate(query.weights):
            columns = column[segment.ordinals[slices[term]]]
            hits = np.flatnonzero(columns)
            evidence[row, columns[hits] - 1] = query.measure(segment, hits + slices[term].start)
    return evidence


def _flag_speakers(excerpt: Excerpt, condition: Callable[[str], bool]) -> NDArray[np.bool_]:
    return np.array([condition(name) for name in excerpt.speaker_names])[excerpt.speakers]


def _named_by(question: Question, excerpt: Excerpt) -> Callable[[str], bool]:
    """Return the test for the only speaker in the excerpt whom the question names."""
    present = sorted(set(excerpt.speakers.tolist()))
    named = find_named(question, [excerpt.speaker_names[number] for number in present])
    return lambda name: name == named


def _find_rare_literals(query: Query, question: Question) -> set[int]:
    """Return the terms of the query that are literals in few memories."""
    hashes = set(map(hash_term, question.literals))
    return {
        term
        for term in query.weights
        if 0 < query.frequencies[term] <= RARE_COUNT and int(query.hashes[term]) in hashes
    }


def _share_literals(query: Query, question: Question, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of the question's rare literals, by weight, that each document contains."""
    literals = _find_rare_literals(query, question)
    share = np.zeros(matrix.shape[1])
    total = 0.0
    for row, (term, weight) in enumerate(query.weights.items()):
        if term in literals:
            share += weight * (matrix[row] > 0)
            total += weight
    return share / (total or 1.0)
