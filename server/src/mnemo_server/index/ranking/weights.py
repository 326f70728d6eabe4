"""The weight of each signal of relevance, where 1 is the evidence of the best candidate.

Tuned on six conversations of LoCoMo, where changes by a quarter hardly matter; decisions 10 and 11 show the
gain of each weight.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of evidence."""

    name: str
    power: float
    """Exponent of each piece of evidence: above 1, a near miss counts less."""
    coverage: float
    """Weight of the things that a message lacks and a neighbour says."""


KEYWORDS = Kind("keywords", power=1.0, coverage=0.4)
MEANING = Kind("meaning", power=1.5, coverage=0.9)

MEANING_SHARE = 0.8
"""Share of meaning in the evidence of a memory whose words have vectors; keywords are the rest."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What each signal adds to a score."""

    after_question: float = 0.9
    """Weight of a neighbour's evidence relative to a message's own: of the question before its answer …"""
    before: float = 0.7
    behind: float = 0.7
    reply: float = 0.3
    """Evidence of the previous message, when it asks something and another speaker answers …"""
    previous: float = 0.1
    """… and otherwise."""
    following: float = 0.1
    second: float = 0.1
    """Evidence of the messages two places before and after."""
    alone: float = 0.4
    """A memory outside of sessions has no neighbours; it is scored as if they said the same."""
    opening: float = 0.25
    """Compensates the first message of a session for having no previous message."""
    vector: float = 0.4
    """Closeness of the whole memory to the whole question."""
    specific: float = 0.2
    """Names, numbers and identifiers, in chats."""
    asking: float = 0.1
    """Subtracted in chats from messages that end with a question."""
    time: float = 0.15
    """Words of time, in chats, for a question that asks when."""
    speaker: float = 0.25
    """Said by the one person whom the question names."""
    session: float = 0.3
    """The best message of the same session."""
    literal: float = 4.0
    """A rare literal of the question: more than all other signals can add."""


WEIGHTS = Weights()
