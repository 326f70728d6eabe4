"""Passages: the part of a long text that matters for a prompt, as one line."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

#: Texts up to this length, in characters, are shown whole.
WHOLE_CHARACTERS: Final = 320
#: About the length of a passage of a longer text.
PASSAGE_CHARACTERS: Final = 300
#: More of a text isn't looked through.
_READ_CHARACTERS: Final = 20_000
_LONGEST_SENTENCE: Final = 240
_END: Final = re.compile(r"(?<=[.!?])\s+(?=[^\s])|(?<=[\u3002\uff01\uff1f\uff1b])|\n+")
_GAP: Final = " … "


def to_line(text: str) -> str:
    """Return a text as one line of printable characters."""
    joined = " ".join(text.split())
    return "".join(character for character in joined if character.isprintable())


def cut_passage(text: str, weigh: Callable[[str], float], limit: int = PASSAGE_CHARACTERS) -> str:
    """Return the sentences of a text that weigh most, in their order: one line of about `limit` characters.

    `weigh` returns how much a sentence matters. What is left out between or around sentences is marked by an
    ellipsis. A short text is returned whole.
    """
    line = to_line(text[:_READ_CHARACTERS])
    if len(line) <= max(limit, WHOLE_CHARACTERS):
        return line
    sentences = split_sentences(text[:_READ_CHARACTERS])
    weights = [weigh(sentence) for sentence in sentences]
    order = sorted(range(len(sentences)), key=lambda place: (-weights[place], place))
    chosen: list[int] = []
    room = limit
    for place in order:
        if chosen and (len(sentences[place]) > room or weights[place] <= 0):
            continue
        chosen.append(place)
        room -= len(sentences[place]) + 1
        if room <= 0:
            break
    return _join(sentences, sorted(chosen))


def split_sentences(text: str) -> list[str]:
    """Split a text into sentences and lines; longer ones are split between words."""
    sentences: list[str] = []
    for part in _END.split(text):
        line = to_line(part)
        while len(line) > _LONGEST_SENTENCE:
            at = line.rfind(" ", _LONGEST_SENTENCE // 2, _LONGEST_SENTENCE)
            at = _LONGEST_SENTENCE if at < 0 else at
            sentences.append(line[:at].strip())
            line = line[at:].strip()
        if line:
            sentences.append(line)
    return sentences


def _join(sentences: list[str], places: list[int]) -> str:
    """Join the sentences at these places, ascending, with ellipses for those left out."""
    text = "" if places[0] == 0 else "… "
    for before, place in zip([None, *places], places, strict=False):
        if before is not None:
            text += " " if place == before + 1 else _GAP
        text += sentences[place]
    return text if places[-1] == len(sentences) - 1 else f"{text} …"
