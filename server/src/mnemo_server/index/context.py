"""Scores candidates by what they say and by what was said around them. Pure arithmetic on arrays.

What a candidate says comes in as a matrix of evidence, one row per thing the question looks for: today the
BM25 share of each term, and any other measure between 0 and 1 would do. The rest is about conversations: a
message often answers a question that another message asked, or goes on about what the one before named.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnemo_server.domain.traits import ASKS, ENDS_ASKING, MOST_SPECIFIC, SPECIFIC_SHIFT, TELLS_TIME

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each sign counts, where 1 is the evidence of the best candidate.

    Found on six conversations of LoCoMo, where changes of a quarter hardly matter; decision 10 has what each
    of them brings.
    """

    power: float = 1.0
    """Exponent of the evidence."""
    coverage: float = 0.4
    """Things that a message lacks and a neighbour says, discounted by the next three."""
    after_question: float = 0.9
    before: float = 0.7
    behind: float = 0.7
    reply: float = 0.3
    """Evidence of the message before, when it asks something and somebody else answers …"""
    previous: float = 0.1
    """… and otherwise."""
    following: float = 0.1
    second: float = 0.1
    """Evidence of the messages two places before and behind."""
    alone: float = 0.4
    """A memory outside of sessions has no neighbours; it counts as if they said what it says."""
    opening: float = 0.25
    """The first message of a session has none before it."""
    specific: float = 0.2
    """Names, numbers, identifiers, in chats."""
    asking: float = 0.1
    """Taken off in chats from what ends with a question."""
    time: float = 0.15
    """Words of time, in chats, for a question about when."""
    speaker: float = 0.25
    """Said by the one person whom the question names."""
    session: float = 0.3
    """The best message of the same session."""
    literal: float = 3.0
    """A rare literal of the question: more than all the rest can add."""


LEXICAL = Weights()

_SMALLEST_SPAN = 0.1  # sessions that differ by less are about equally good, and get less than the whole bonus


@dataclass(frozen=True, slots=True)
class Candidates:
    """What is known of each candidate; links are positions, -1 for none."""

    evidence: Floats
    """Things looked for x candidates, 0 to 1."""
    thing_weights: Floats
    """Of each thing looked for."""
    links: dict[int, NDArray[np.int64]]
    """By distance -2, -1, 1, 2: which candidate lies there in the same session."""
    sessions: NDArray[np.int64]
    """Numbers from 0; a memory outside of sessions has one for itself."""
    is_alone: Flags
    """Outside of sessions."""
    opens_session: Flags
    is_chat: Flags
    """Said by a person rather than in a role."""
    speakers: NDArray[np.int64]
    is_named: Flags
    """The speaker is the one whom the question names."""
    traits: NDArray[np.uint8]
    literals: Floats
    """Share of the question's rare literals, 0 to 1."""
    asks_when: bool


def score_in_context(candidates: Candidates, weights: Weights = LEXICAL) -> Floats:
    """Score every candidate; only the order and the relation of distances mean something."""
    own = _sum_evidence(candidates, candidates.evidence, weights)
    top = own.max(initial=0.0) or 1.0
    said = own / top
    is_reply = _find_replies(candidates)
    score = said + weights.coverage * _measure_coverage(candidates, own, is_reply, weights) / top
    score += _weigh_neighbours(candidates, said, is_reply, weights)
    score += weights.alone * candidates.is_alone * said
    score += weights.opening * (candidates.opens_session & candidates.is_chat) * said
    score += _weigh_wording(candidates, weights)
    score += weights.speaker * candidates.is_named
    score += weights.literal * candidates.literals
    return score + weights.session * _spread_best(candidates, score)


def _sum_evidence(candidates: Candidates, evidence: Floats, weights: Weights) -> Floats:
    """Add up row by row, always in the same order, so that sums are the same to the last bit."""
    total = np.zeros(evidence.shape[1])
    for weight, row in zip(candidates.thing_weights.tolist(), evidence, strict=True):
        total += weight * (row if weights.power == 1 else row**weights.power)
    return total


def _at(values: Floats, links: NDArray[np.int64]) -> Floats:
    """Return the values of linked candidates, 0 for none."""
    return np.where(links >= 0, values[..., links], 0.0)


def _find_replies(candidates: Candidates) -> Flags:
    """Tell which messages follow a question of somebody else."""
    before = candidates.links[-1]
    is_asked = (candidates.traits[before] & ASKS) > 0
    is_reply: Flags = (before >= 0) & is_asked & (candidates.speakers[before] != candidates.speakers)
    return is_reply


def _measure_coverage(candidates: Candidates, own: Floats, is_reply: Flags, weights: Weights) -> Floats:
    """Evidence that neighbours add: of each thing looked for only the best of them counts."""
    before = np.where(is_reply, weights.after_question, weights.before)
    evidence, links = candidates.evidence, candidates.links
    around = np.maximum(_at(evidence, links[-1]) * before, _at(evidence, links[1]) * weights.behind)
    return _sum_evidence(candidates, np.maximum(evidence, around), weights) - own


def _weigh_neighbours(candidates: Candidates, said: Floats, is_reply: Flags, weights: Weights) -> Floats:
    links = candidates.links
    before = np.where(is_reply, weights.reply, weights.previous)
    near = before * _at(said, links[-1]) + weights.following * _at(said, links[1])
    return near + weights.second * (_at(said, links[-2]) + _at(said, links[2]))


def _weigh_wording(candidates: Candidates, weights: Weights) -> Floats:
    """What the wording makes likely in chats; agents ask little and are specific all the time."""
    traits = candidates.traits
    score = weights.specific / MOST_SPECIFIC * (traits >> SPECIFIC_SHIFT)
    score = score - weights.asking * ((traits & ENDS_ASKING) > 0)
    if candidates.asks_when:
        score += weights.time * ((traits & TELLS_TIME) > 0)
    return np.where(candidates.is_chat, score, 0.0)


def _spread_best(candidates: Candidates, score: Floats) -> Floats:
    """Give each candidate the best score of its session, 0 for the worst session and 1 for the best."""
    best = np.full(len(score), -np.inf)
    np.maximum.at(best, candidates.sessions, score)
    best = best[candidates.sessions]
    lowest, highest = best.min(initial=np.inf), best.max(initial=-np.inf)
    spread: Floats = (best - lowest) / max(highest - lowest, _SMALLEST_SPAN)
    return spread
