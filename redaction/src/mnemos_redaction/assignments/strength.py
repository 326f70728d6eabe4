"""How much a value looks like a secret."""

from __future__ import annotations

from enum import IntEnum
from itertools import pairwise
from typing import Final

from mnemos_redaction.assignments.placeholders import is_placeholder
from mnemos_redaction.assignments.vocabulary import COMMON_PAIRS, JOINING_WORDS
from mnemos_redaction.lazy_patterns import make_pattern
from mnemos_redaction.marks import STAND_IN


class Strength(IntEnum):
    """How sure it is that a value is a secret, from its characters alone."""

    NONE = 0
    """A placeholder, or too short."""
    WORD = 1
    """Letters; a secret only where nothing but a secret can stand."""
    MIXED = 2
    """Letters with digits or signs, such as `hunter2`."""
    JUMBLED = 3
    """8 characters or more without any word."""
    RANDOM = 4
    """16 characters or more without any word: made by a program."""


_SHORTEST: Final = 4
_SHORTEST_MIXED: Final = 6
_SHORTEST_JUMBLED: Final = 8
_SHORTEST_RANDOM: Final = 16
_LONGEST_LOOKED_AT: Final = 64  # what is longer is judged by its beginning

# Found by trying: of random strings of 20 characters, 1 in 100 is not jumbled.
_FEWEST_RUNS: Final = 3
_LONGEST_RUN: Final = 3  # characters of one kind in a row, on average
_LONGEST_MIXED_RUN: Final = 2.5
_SHORTEST_SIGNED: Final = 10
_FEWEST_SIGNS: Final = 3
_FEWEST_PAIRS: Final = 5
_MOST_COMMON: Final = 0.5  # share of common pairs
_PASSPHRASE_WORDS: Final = 4

_DIGIT: Final = make_pattern(r"\d")
_LETTER: Final = make_pattern(r"[^\W\d_]")
_SIGN: Final = make_pattern(r"[!@#$%^&*+=~?|;]")
_LETTERS: Final = make_pattern("[A-Za-z]+")
_PART: Final = make_pattern("[A-Za-z0-9]+")
_RUN: Final = make_pattern("[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_HEXADECIMAL: Final = make_pattern(
    "(?=[a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{16,}|(?=[A-F]*[0-9])(?=[0-9]*[A-F])[0-9A-F]{16,}"
)
_UUID: Final = make_pattern("[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HASH_LENGTHS: Final = frozenset((40, 56, 64, 96, 128))


def measure(value: str) -> Strength:
    """Judge a value by its characters."""
    head = value[:_LONGEST_LOOKED_AT]
    # Where a mark stands, what was secret is taken out already.
    if len(head) < _SHORTEST or STAND_IN in value or is_placeholder(head):
        return Strength.NONE
    if head.isalpha() and head.islower():
        return Strength.WORD
    if looks_jumbled(head):
        return Strength.RANDOM if len(head) >= _SHORTEST_RANDOM else Strength.JUMBLED
    has_more_than_letters = _LETTER.search(head) and (_DIGIT.search(head) or _SIGN.search(head))
    return Strength.MIXED if has_more_than_letters and len(head) >= _SHORTEST_MIXED else Strength.WORD


def looks_jumbled(value: str) -> bool:
    """Whether a value of 8 characters or more holds no words: odd pairs of letters, or digits mixed in."""
    if len(value) < _SHORTEST_JUMBLED or not value.isascii() or " " in value:
        return False
    if _HEXADECIMAL.fullmatch(value) or _UUID.fullmatch(value):
        return True
    if any(map(str.isdigit, value)):
        return _changes_often(value) or _has_odd_pairs(value)
    return any(len(_RUN.findall(part)) >= _FEWEST_RUNS for part in _PART.findall(value)) and _has_odd_pairs(
        value
    )


def _changes_often(value: str) -> bool:
    """Whether letters, digits and signs alternate as they do in no identifier."""
    runs = _RUN.findall(value)
    length = sum(map(len, runs))
    digits = sum(map(str.isdigit, value))
    if digits > 1 and length - digits > 1 and len(runs) > _FEWEST_RUNS and length <= _LONGEST_RUN * len(runs):
        return True
    if len(runs) > _FEWEST_RUNS + 1 and length <= _LONGEST_MIXED_RUN * len(runs):
        return True
    return len(value) >= _SHORTEST_SIGNED and len(set(_SIGN.findall(value))) >= _FEWEST_SIGNS


def _has_odd_pairs(value: str) -> bool:
    """Whether most letters follow each other as they seldom do in words."""
    pairs = [left + right for part in _LETTERS.findall(value.lower()) for left, right in pairwise(part)]
    return len(pairs) >= _FEWEST_PAIRS and (
        sum(map(COMMON_PAIRS.__contains__, pairs)) <= _MOST_COMMON * len(pairs)
    )


def looks_like_hash(value: str) -> bool:
    """Whether a value is a UUID, or has the form of a checksum or commit."""
    return _UUID.fullmatch(value) is not None or (
        len(value) in _HASH_LENGTHS and _HEXADECIMAL.fullmatch(value) is not None
    )


def looks_like_passphrase(value: str) -> bool:
    """Whether several words are a passphrase rather than a message."""
    words = value.split()
    return (
        len(words) >= _PASSPHRASE_WORDS
        and all(word.isalpha() and word.islower() for word in words)
        and JOINING_WORDS.isdisjoint(words)
    )
