"""Chooses which of the memories found are shown, and says why the others aren't."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from mnemos_contract.recalls import LeftOut

from mnemo_server.domain.memories.memory import StoredMemory
from mnemo_server.domain.recall.features import Floats
from mnemo_server.domain.recall.lines import count_tokens, make_key, write_line
from mnemo_server.domain.recall.passages import cut_passage
from mnemo_server.domain.recall.signs import QUESTION_MARKS, ends_asking

#: Most lines of one block: more would hardly be read.
MAX_LINES: Final = 12
_QUESTION: Final = re.compile(
    r"\s*(?:is|are|was|were|do|does|did|has|have|can|could|should|will|would|may|who|what|which|when|where|why|how)\b",
    re.IGNORECASE,
)
_WORD: Final = re.compile(r"\w+")
#: A stored question of whose words the prompt contains this share is the same question, asked before.
_SAME_QUESTION: Final = 0.6
#: Two texts with this share of common words say the same.
_SAME_WORDS: Final = 0.8
#: Memories with this cosine are about the same thing: the newer one is shown first.
_SAME_THING: Final = 0.6
_COMPARED_CHARACTERS: Final = 2_000


@dataclass(frozen=True)
class Candidate:
    """A memory that may be shown. Most never are, so what showing it takes is made when it is needed."""

    memory: StoredMemory
    odds: float
    """Log odds that it matters."""
    direction: Floats
    """As `model.unfold_codes` returns it; empty without a vector."""
    weigh: Callable[[str], float]
    """How much a sentence of its text matters."""
    discount: float = 0.0
    """What was taken from the log odds, because newer memories seem to overturn it."""

    @cached_property
    def line(self) -> str:
        """The line that shows it."""
        return write_line(self.memory, cut_passage(self.memory.content, self.weigh))

    @cached_property
    def key(self) -> str:
        """Identifies the line."""
        return make_key(self.line)

    @cached_property
    def words(self) -> frozenset[str]:
        """The words of its text."""
        return list_words(self.memory.content)

    def cosine(self, other: Candidate) -> float:
        """Return the cosine of the vectors of both memories; 0 without vectors."""
        if not len(self.direction) or not len(other.direction):
            return 0.0
        return float(self.direction @ other.direction)


@dataclass(frozen=True, slots=True)
class Choice:
    """What is shown, in this order, and what isn't."""

    shown: tuple[Candidate, ...]
    left_out: tuple[tuple[Candidate, LeftOut], ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """What bounds a choice."""

    show_from: Callable[[Candidate], float]
    """The log odds from which a memory is shown."""
    max_tokens: int
    session_id: str | None = None
    """What was said in this session isn't shown."""
    shown: Collection[str] = ()
    """Keys of lines that the conversation already shows."""
    max_lines: int = MAX_LINES
    is_elsewhere: Callable[[StoredMemory], bool] = lambda _: False
    """Whether a memory belongs to another project, and isn't shown for that reason."""


def choose(candidates: Sequence[Candidate], limits: Limits, prompt: str = "") -> Choice:
    """Choose from candidates, best first: each thing once, in its newest form, within the budget."""
    said = _Said.of(prompt)
    chosen: list[Candidate] = []
    left_out: list[tuple[Candidate, LeftOut]] = []
    room = limits.max_tokens
    for candidate in candidates:
        reason = _find_objection(candidate, limits, said)
        same = None if reason else _find_same(candidate, chosen)
        if same is not None:
            reason = LeftOut.SAME
            newer = _is_newer(candidate, chosen[same])
            if newer and count_tokens(candidate.line) <= room + count_tokens(chosen[same].line):
                room += count_tokens(chosen[same].line) - count_tokens(candidate.line)
                candidate, chosen[same] = chosen[same], candidate  # noqa: PLW2901 - the older one is left out
        elif not reason and (len(chosen) >= limits.max_lines or count_tokens(candidate.line) > room):
            reason = LeftOut.OVER_BUDGET
        if reason:
            left_out.append((candidate, reason))
        else:
            chosen.append(candidate)
            room -= count_tokens(candidate.line)
    return Choice(tuple(_put_newer_first(chosen)), tuple(left_out))


@dataclass(frozen=True, slots=True)
class _Said:
    """What the prompt says."""

    words: frozenset[str]
    asks: bool

    @classmethod
    def of(cls, prompt: str) -> _Said:
        asks = any(mark in prompt for mark in QUESTION_MARKS) or _QUESTION.match(prompt) is not None
        return cls(list_words(prompt), asks)


def list_words(text: str) -> frozenset[str]:
    """Return the words of a text, without case."""
    return frozenset(_WORD.findall(text[:_COMPARED_CHARACTERS].casefold()))


def _find_objection(candidate: Candidate, limits: Limits, said: _Said) -> LeftOut | None:
    """Return why a candidate isn't shown, whatever else is."""
    memory = candidate.memory
    if limits.is_elsewhere(memory):
        return LeftOut.OTHER_PROJECT
    if limits.session_id and memory.session_id == limits.session_id:
        return LeftOut.THIS_SESSION
    if limits.shown and candidate.key in limits.shown:
        return LeftOut.SHOWN_ALREADY
    if said.words and _repeats(memory.content, candidate.words, said):
        return LeftOut.REPEATS_PROMPT
    floor = limits.show_from(candidate)
    if candidate.odds >= floor:
        return None
    return LeftOut.CORRECTED if candidate.odds + candidate.discount >= floor else LeftOut.WEAK


def _repeats(content: str, words: frozenset[str], said: _Said) -> bool:
    """Return whether a memory says nothing that the prompt doesn't; a statement answers a question."""
    if not words:
        return True
    if ends_asking(content):
        return len(words & said.words) / len(words) >= _SAME_QUESTION
    return words == said.words and not said.asks


def _find_same(candidate: Candidate, chosen: Sequence[Candidate]) -> int | None:
    """Return the place of the chosen memory that says the same, if there is one."""
    words = candidate.words
    for place, other in enumerate(chosen):
        both = len(words & other.words)
        if (
            both
            and both / len(words | other.words) >= _SAME_WORDS
            and _list_values(words) == _list_values(other.words)
        ):
            return place
    return None


def _list_values(words: frozenset[str]) -> set[str]:
    """Return the words with a digit: texts that differ in a value don't say the same."""
    return {word for word in words if any(character.isdigit() for character in word)}


def _is_newer(one: Candidate, other: Candidate) -> bool:
    return (one.memory.created_at, one.memory.id) > (other.memory.created_at, other.memory.id)


def _put_newer_first(chosen: Sequence[Candidate]) -> list[Candidate]:
    """Put of two memories about the same thing the newer one before the older one, wherever the older was."""
    ordered: list[Candidate] = []
    for candidate in chosen:
        place = len(ordered)
        for at, other in enumerate(ordered):
            if _is_newer(candidate, other) and (
                candidate.cosine(other) >= _SAME_THING or _overlap(candidate, other)
            ):
                place = at
                break
        ordered.insert(place, candidate)
    return ordered


def _overlap(one: Candidate, other: Candidate) -> bool:
    """Return whether two short texts share most of their words, so that one may correct the other."""
    both = one.words & other.words
    return len(both) >= np.ceil(min(len(one.words), len(other.words)) / 2) and len(both) > 1
