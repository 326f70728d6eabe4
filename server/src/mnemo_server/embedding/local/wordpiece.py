"""Cuts a text into the pieces that uncased BERT models read.

A text is folded character by character (control characters and accents removed, lower case) and split at
spaces and around each punctuation mark and each Chinese character. Then every word is cut into the longest
pieces of the vocabulary, from left to right. The rules, including the odd ones, are those of the tokenizer
that the model was trained with: for characters that were in version 8 of Unicode the ids are equal. No step
looks back further than one word, so the time is linear in the length of the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import islice
from typing import Final

WORD_LIMIT: Final = 100
"""Characters of the longest word that is cut into pieces; the model knows no longer ones."""

UNKNOWN: Final = "[UNK]"
#: Prefix of a piece that continues a word.
_CONTINUED: Final = "##"
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
#: Blocks of Chinese characters, first and last, with the gap that the model's own tokenizer leaves in one.
_CHINESE: Final = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B920, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)
#: Control, format, private use and surrogates; unassigned characters are not among them.
_CONTROLS: Final = frozenset({"Cc", "Cf", "Co", "Cs"})
_SPACES: Final = frozenset({"Zs", "Zl", "Zp"})
#: Symbols on a keyboard split words like punctuation, whatever their category in Unicode.
_KEYBOARD_MARKS: Final = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
#: Limit of characters whose folding is cached: enough for the characters of texts, not for all of Unicode.
_KEPT_CHARACTERS: Final = 32_768
_BETWEEN_SPACES = re.compile(r"[^ ]+")


@dataclass(frozen=True, slots=True)
class Pieces:
    """The pieces of a text, in order."""

    ids: list[int]
    """Their places in the vocabulary."""
    words: list[str]
    """The whole folded word that each piece belongs to; as long as `ids`."""


class WordPiece:
    """Cuts texts by one vocabulary; thread-safe."""

    def __init__(self, vocabulary: Sequence[str]) -> None:
        """Accept the pieces in the order of their ids, which must include `[UNK]`, `[CLS]` and `[SEP]`."""
        self._ids = {piece: number for number, piece in enumerate(vocabulary)}
        self._longest = max(map(len, vocabulary))
        self.unknown_id: Final = self._ids[UNKNOWN]
        self.start_id: Final = self._ids["[CLS]"]
        self.end_id: Final = self._ids["[SEP]"]
        self.last_id: Final = len(vocabulary) - 1

    def cut(self, text: str, *, limit: int) -> Pieces:
        """Cut a text into its first `limit` pieces."""
        ids: list[int] = []
        words: list[str] = []
        for word in split_words(text):
            found = self._cut_word(word)
            ids += found
            words += [word] * len(found)
            if len(ids) >= limit:
                break
        return Pieces(ids[:limit], words[:limit])

    def _cut_word(self, word: str) -> list[int]:
        """Return the ids of a word's pieces, or the id of `[UNK]` when the vocabulary lacks a part of it."""
        if len(word) > WORD_LIMIT:
            return [self.unknown_id]
        found: list[int] = []
        start, prefix = 0, ""
        while start < len(word):
            for end in range(min(len(word), start + self._longest), start, -1):
                piece_id = self._ids.get(prefix + word[start:end])
                if piece_id is not None:
                    break
            else:
                return [self.unknown_id]
            found.append(piece_id)
            start, prefix = end, _CONTINUED
        return found


@cache
def load_wordpiece() -> WordPiece:
    """Return the tokenizer of the local model; reads the vocabulary shipped with this package."""
    path = files("mnemo_server.embedding.local").joinpath("data", "vocab.txt")
    return WordPiece(path.read_text(encoding="utf-8").split("\n")[:-1])


def split_words(text: str) -> Iterator[str]:
    """Yield the folded words, punctuation marks and Chinese characters of a text, in order."""
    for found in _BETWEEN_SPACES.finditer(text.translate(_FOLDED)):
        yield found[0]


def has_letters(word: str) -> bool:
    """Return whether there is a letter or digit of any script, unlike in punctuation and symbols."""
    return any(map(str.isalnum, islice(word, WORD_LIMIT)))


class _Folding(dict[int, str]):
    """What each character becomes, computed on first use.

    Characters are folded one at a time, unlike in Python's own functions for texts: a sigma at the end of a
    word is folded like any other, and a long run of combining marks doesn't take quadratic time.
    """

    def __missing__(self, code: int) -> str:
        folded = _fold(chr(code))
        if len(self) < _KEPT_CHARACTERS:
            self[code] = folded
        return folded


def _fold(char: str) -> str:
    """Return a character folded, with spaces around it where it is a word by itself."""
    category = unicodedata.category(char)
    if char in "\t\n\r" or category in _SPACES:
        return " "
    if char == _REPLACEMENT or category in _CONTROLS:
        return ""
    letters = [part for part in unicodedata.normalize("NFD", char) if unicodedata.category(part) != "Mn"]
    folded = "".join(map(_fold_part, letters))
    return f" {folded} " if any(first <= ord(char) <= last for first, last in _CHINESE) else folded


def _fold_part(part: str) -> str:
    """Return a character without accents in lower case, with spaces around punctuation."""
    is_mark = part in _KEYBOARD_MARKS or unicodedata.category(part).startswith("P")
    return f" {part} " if is_mark else part.lower()


_FOLDED: Final = _Folding()
