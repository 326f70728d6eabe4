"""How much each sign of relevance counts, where 1 is the evidence of the best candidate.

Found on six conversations of LoCoMo, where changes of a quarter hardly matter; decisions 10 and 11 have what
each of them brings.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of evidence."""

    name: str
    power: float
    """Exponent of each piece of evidence: above 1 a near miss counts less."""
    coverage: float
    """Worth of the things that a message lacks and a neighbour says."""


KEYWORDS = Kind("keywords", power=1.0, coverage=0.4)
MEANING = Kind("meaning", power=1.5, coverage=0.9)

MEANING_SHARE = 0.8
"""Of the evidence of a memory whose words have vectors; keywords make up the rest."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What each sign adds to a score."""

    after_question: float = 0.9
    """A neighbour's evidence counts so much of one's own: a question's before its answer …"""
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
    vector: float = 0.4
    """The whole memory's nearness to the whole question."""
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
    literal: float = 4.0
    """A rare literal of the question: more than all the rest can add."""


WEIGHTS = Weights()
