"""What a search wants to know, read once from the words of the query."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mnemo_server.domain.search.analysis import analyse_query, find_literals

#: Who speaks in an agent's session. Any other speaker is a person, and the session a chat.
ROLES = frozenset(
    {"user", "assistant", "tool", "system", "developer", "function", "human", "agent", "model", "ai"}
)

_READ_CHARACTERS = 2_000  # a longer query is a document, in which nobody is asked about by name
_WHEN = re.compile(r"\s*(?:when\b|how long\b|(?:what|which)\s+(?:year|month|date|day)\b)", re.IGNORECASE)
_WORDS = re.compile(r"\w+")
_SHORTEST_NAME = 3


@dataclass(frozen=True, slots=True)
class Question:
    """A query as ranking needs it."""

    terms: tuple[str, ...]
    """Distinct terms to look for."""
    literals: frozenset[str] = frozenset()
    """Those of the terms that stand for an identifier, a path, a code …, written out in full."""
    words: frozenset[str] = frozenset()
    """Every word in lower case, to see who is named."""
    asks_when: bool = False
    """Whether the answer is a time."""

    def names(self, speaker: str) -> bool:
        """Whether the question holds a word of this name, or its plural; two letters are no name."""
        parts = [part for part in _WORDS.findall(speaker.lower()) if len(part) >= _SHORTEST_NAME]
        return any(part in self.words or f"{part}s" in self.words for part in parts)


def read_question(text: str) -> Question:
    """Read a query."""
    head = text[:_READ_CHARACTERS]
    return Question(
        terms=tuple(analyse_query(text)),
        literals=find_literals(head),
        words=frozenset(_WORDS.findall(head.lower())),
        asks_when=_WHEN.match(head) is not None,
    )


def is_person(speaker: str) -> bool:
    """Whether a speaker is somebody with a name, rather than a role."""
    return speaker.lower() not in ROLES


def find_named(question: Question, speakers: Sequence[str]) -> str | None:
    """Return the one person among the speakers whom the question names; None for none or several."""
    named = {speaker for speaker in speakers if is_person(speaker) and question.names(speaker)}
    return named.pop() if len(named) == 1 else None
