"""Scores candidates by what they say and by what was said around them. Pure arithmetic on arrays.

What a candidate says is given as evidence: matrices with one row per thing that the question looks for.
Keywords provide the BM25 share of each term; a model provides how near a word of the candidate is to each
word of the question. The rest is about conversations: a message often answers a question that another message
asked, or continues with something that the previous message named.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnemo_server.domain.search.traits import ASKS, ENDS_ASKING, MOST_SPECIFIC, SPECIFIC_SHIFT, TELLS_TIME
from mnemo_server.index.ranking.weights import WEIGHTS, Kind, Weights

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Parts = dict[str, Floats]

_SMALLEST_SPAN = 0.1  # sessions that differ by less are about equally good, and get only a part of the bonus


@dataclass(frozen=True, slots=True)
class Evidence:
    """What candidates say about each thing that the question looks for."""

    kind: Kind
    matrix: Floats
    """Things x candidates, 0 to 1."""
    thing_weights: Floats
    share: Floats
    """Per candidate: the share of this kind in its own evidence; the sum over all kinds is 1."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """What is known about each candidate; links are positions, -1 for none."""

    evidence: tuple[Evidence, ...]
    closeness: Floats
    """Cosine between the vectors of each candidate and of the question, where there are vectors."""
    has_vector: Flags
    links: dict[int, NDArray[np.int64]]
    """By distance -2, -1, 1, 2: the candidate at this distance in the same session."""
    sessions: NDArray[np.int64]
    """Session numbers from 0; a memory outside of sessions has its own number."""
    is_alone: Flags
    """Whether the memory is outside of sessions."""
    opens_session: Flags
    is_chat: Flags
    """Whether a person said it rather than a role."""
    speakers: NDArray[np.int64]
    is_named: Flags
    """Whether the question names the speaker."""
    traits: NDArray[np.uint8]
    literals: Floats
    """Share of the question's rare literals, 0 to 1."""
    asks_when: bool


@dataclass(frozen=True, slots=True)
class Scored:
    """What each signal adds to each candidate's score, where 1 is the evidence of the best candidate."""

    parts: Parts
    covered: Floats
    """Per candidate: the share of all things the question looks for that it says itself, 0 to 1."""

    @property
    def quality(self) -> float:
        """The share of all things the question looks for that the best candidate itself says, 0 to 1."""
        return float(self.covered.max(initial=0.0))

    @property
    def totals(self) -> Floats:
        """The sums of the parts, added in their order."""
        totals = np.zeros(())
        for part in self.parts.values():
            totals = totals + part
        return totals


def score_in_context(candidates: Candidates, weights: Weights = WEIGHTS) -> Scored:
    """Score every candidate; only the order and the relative distances of scores are meaningful."""
    is_reply = _find_replies(candidates)
    said = np.zeros(len(candidates.sessions))
    absolute, coverage = said, said
    parts: Parts = {}
    for evidence in candidates.evidence:
        own = _sum_evidence(evidence, evidence.matrix)
        top = own.max(initial=0.0) or 1.0
        parts[evidence.kind.name] = evidence.share * own / top
        said = said + parts[evidence.kind.name]
        absolute = absolute + evidence.share * own / (evidence.thing_weights.sum() or 1.0)
        added = _sum_evidence(evidence, _spread_around(evidence, candidates, is_reply, weights)) - own
        coverage = coverage + evidence.share * evidence.kind.coverage * added / top
    parts["coverage"] = coverage
    parts["neighbours"] = _weigh_neighbours(candidates, said, is_reply, weights)
    parts["vector"] = weights.vector * _spread_closeness(candidates, said)
    parts["wording"] = _weigh_wording(candidates, weights)
    parts["speaker"] = weights.speaker * candidates.is_named.astype(np.float64)
    parts["literals"] = weights.literal * candidates.literals
    scored = Scored(parts, absolute)
    parts["session"] = weights.session * _spread_best(candidates, scored.totals)
    return scored


def _sum_evidence(evidence: Evidence, matrix: Floats) -> Floats:
    """Sum the rows, always in the same order, so that sums are the same to the last bit."""
    power = evidence.kind.power
    total = np.zeros(matrix.shape[1])
    for weight, row in zip(evidence.thing_weights.tolist(), matrix, strict=True):
        total += weight * (row if power == 1 else row**power)
    return total


def _at(values: Floats, links: NDArray[np.int64]) -> Floats:
    """Return the values of linked candidates, 0 for none."""
    return np.where(links >= 0, values[..., links], 0.0)


def _find_replies(candidates: Candidates) -> Flags:
    """Return which messages follow a question of another speaker."""
    before = candidates.links[-1]
    is_asked = (candidates.traits[before] & ASKS) > 0
    is_reply: Flags = (before >= 0) & is_asked & (candidates.speakers[before] != candidates.speakers)
    return is_reply


def _spread_around(evidence: Evidence, candidates: Candidates, is_reply: Flags, weights: Weights) -> Floats:
    """Return for each thing the best evidence of a candidate and its neighbours, theirs discounted."""
    before = np.where(is_reply, weights.after_question, weights.before)
    matrix, links = evidence.matrix, candidates.links
    around = np.maximum(_at(matrix, links[-1]) * before, _at(matrix, links[1]) * weights.behind)
    return np.maximum(matrix, around)


def _weigh_neighbours(candidates: Candidates, said: Floats, is_reply: Flags, weights: Weights) -> Floats:
    """Weigh what neighbours say, and compensate for neighbours that a memory can't have."""
    links = candidates.links
    before = np.where(is_reply, weights.reply, weights.previous)
    near = before * _at(said, links[-1]) + weights.following * _at(said, links[1])
    near += weights.second * (_at(said, links[-2]) + _at(said, links[2]))
    near += weights.alone * candidates.is_alone * said
    near += weights.opening * (candidates.opens_session & candidates.is_chat) * said
    result: Floats = near
    return result


def _spread_closeness(candidates: Candidates, said: Floats) -> Floats:
    """Scale the cosines to 0 to 1; a memory without a vector gets the score of what it says instead."""
    known = candidates.closeness[candidates.has_vector]
    if not len(known):
        return np.zeros(len(said))
    lowest, highest = float(known.min()), float(known.max())
    spread = (candidates.closeness - lowest) / max(highest - lowest, 1e-9)
    return np.where(candidates.has_vector, spread, said)


def _weigh_wording(candidates: Candidates, weights: Weights) -> Floats:
    """Return the score of the wording in chats; agents rarely ask and are always specific."""
    traits = candidates.traits
    score = weights.specific / MOST_SPECIFIC * (traits >> SPECIFIC_SHIFT)
    score = score - weights.asking * ((traits & ENDS_ASKING) > 0)
    if candidates.asks_when:
        score += weights.time * ((traits & TELLS_TIME) > 0)
    return np.where(candidates.is_chat, score, 0.0)


def _spread_best(candidates: Candidates, score: Floats) -> Floats:
    """Return the best score of each candidate's session, 0 for the worst session and 1 for the best."""
    best = np.full(len(score), -np.inf)
    np.maximum.at(best, candidates.sessions, score)
    best = best[candidates.sessions]
    lowest, highest = best.min(initial=np.inf), best.max(initial=-np.inf)
    spread: Floats = (best - lowest) / max(highest - lowest, _SMALLEST_SPAN)
    return spread
