"""Keeps what others wrote apart from what we ask, within one text that a model reads.

A request carries a random word that nothing in it holds. Lines that begin with it are ours, whatever stands
between them is data: a message can say what it likes, but it can't write such a line.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterable
from typing import Final

#: Every message pays for it; a message that guesses has one chance in four billion.
_WORD_BYTES: Final = 4
_SIGN: Final = "#"
#: Takes at least as many tokens as any other word, by estimate.
WIDEST_WORD: Final = 2 * _WORD_BYTES * "X"
#: Those that JSON leaves as they are.
_LINE_ENDS: Final = re.compile("[\x85\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}]")


def make_word() -> str:
    """Draw a word: 8 hexadecimal digits."""
    return secrets.token_hex(_WORD_BYTES)


class Fence:
    """Marks with one random word."""

    def __init__(self, word: str) -> None:
        """Take the word; see `choose`, which makes sure that no text holds it."""
        self.word: Final = word

    @classmethod
    def choose(cls, texts: Iterable[str], make: Callable[[], str] = make_word) -> Fence:
        """Choose a word that none of the texts holds."""
        fixed = list(texts)
        while True:
            word = make()
            if not any(word in text for text in fixed):
                return cls(word)

    @property
    def sign(self) -> str:
        """How our lines begin."""
        return f"{_SIGN}{self.word}"

    def section(self, label: str, data: str) -> str:
        """Put data under a line of ours; the next line of ours ends it."""
        return f"{self.sign} {label}\n{data}\n"

    def end(self) -> str:
        """End the data."""
        return f"{self.sign} end\n"


def quote(value: object) -> str:
    """Write a value of others as JSON on one line."""
    text = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode()
    return _LINE_ENDS.sub(" ", text)
