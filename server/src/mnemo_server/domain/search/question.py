"""What a search asks for, parsed once from the words of the query."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mnemo_server.domain.search.analysis import analyse_query, find_literals

#: Speakers in an agent's session. Any other speaker is a person, and the session is a chat.
ROLES = frozenset(
    {"user", "assistant", "tool", "system", "developer", "function", "human", "agent", "model", "ai"}
)

_READ_CHARACTERS = 2_000  # a longer query is a document, which asks about no one by name
_WHEN = re.compile(r"\s*(?:when\b|how long\b|(?:what|which)\s+(?:year|month|date|day)\b)", re.IGNORECASE)
_WORDS = re.compile(r"\w+")
_SHORTEST_NAME = 3


@dataclass(frozen=True, slots=True)
class Question:
    """A query as ranking needs it."""

    terms: tuple[str, ...]
    """Distinct terms to search for."""
    literals: frozenset[str] = frozenset()
    """The terms that are an identifier, a path, a code …, written out in full."""
    words: frozenset[str] = frozenset()
    """Every word in lower case, to find names."""
    asks_when: bool = False
    """Whether the answer is a time."""

    def names(self, speaker: str) -> bool:
        """Return whether the question contains a word of this name or its plural; two letters are no name."""
        parts = [part for part in _WORDS.findall(speaker.lower()) if len(part) >= _SHORTEST_NAME]
        return any(part in self.words or f"{part}s" in self.words for part in parts)


def read_question(text: str) -> Question:
    """Parse a query."""
    head = text[:_READ_CHARACTERS]
    return Question(
        terms=tuple(analyse_query(text)),
        literals=find_literals(head),
        words=frozenset(_WORDS.findall(head.lower())),
        asks_when=_WHEN.match(head) is not None,
    )


def is_person(speaker: str) -> bool:
    """Return whether a speaker is a person with a name, rather than a role."""
    return speaker.lower() not in ROLES


def find_named(question: Question, speakers: Sequence[str]) -> str | None:
    """Return the only speaker that the question names as a person; None if it names none or several."""
    named = {speaker for speaker in speakers if is_person(speaker) and question.names(speaker)}
    return named.pop() if len(named) == 1 else None
