"""How much a value looks like a secret."""

from __future__ import annotations

import re
from enum import IntEnum
from itertools import pairwise
from typing import Final

from mnemo_server.domain.redaction.marks import STAND_IN
from mnemo_server.domain.redaction.placeholders import is_placeholder


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

_DIGIT: Final = re.compile(r"\d")
_LETTER: Final = re.compile(r"[^\W\d_]")
_SIGN: Final = re.compile(r"[!@#$%^&*+=~?|;]")
_LETTERS: Final = re.compile("[A-Za-z]+")
_RUN: Final = re.compile("[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_HEXADECIMAL: Final = re.compile("(?=[a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{16,}|(?=[A-F]*[0-9])(?=[0-9]*[A-F])[0-9A-F]{16,}")
_UUID: Final = re.compile("[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HASH_LENGTHS: Final = frozenset((40, 56, 64, 96, 128))

#: The 150 most frequent pairs of letters in the words and identifiers of code and manuals, 83 % of all pairs
#: there. Among random letters they are 22 %.
_COMMON_PAIRS: Final = frozenset(
    """
    ab ac ad ag ai al am an ap ar as at be bl bu ca ce ch ci ck cl co cr ct da de di do ea ec ed ee ef el em
    en ep er es et ev ex fa fi fo ge gi ha he hi ho ib ic id ie if ig il im in io ir is it ke la ld le li ll
    lo ls lt lu ly ma me mi mo mp na nc nd ne ng ni no ns nt oc od ol om on op or os ot ou ov ow pa pe pl po
    pp pr pt ra re ri rm rn ro rr rs rt ry sa sc se sh si so sp ss st su ta te th ti to tr ts tt tu ty ue ul
    um un up ur us ut va ve vi wi
    """.split()
)
_JOINING_WORDS: Final = frozenset(
    """
    a an and are at be can cannot characters could do does enter for from has have if in is it least must my no not
    of on or please required should that the this to was when will with wrong you your
    """.split()
)
_PASSPHRASE_WORDS: Final = 4
_FEWEST_PAIRS: Final = 5
_MOST_COMMON: Final = 0.5
_LONGEST_MIXED_RUN: Final = 2.5
_SHORTEST_SIGNED: Final = 10
_FEWEST_SIGNS: Final = 3
_LONGEST_RUN: Final = 3  # characters on average between changes of letters and digits


def measure(value: str) -> Strength:
    """Judge a value by its characters."""
    if STAND_IN in value:
        return Strength.NONE  # what was secret in it is taken out already
    core = value[:_LONGEST_LOOKED_AT]
    if core.isalpha() and core.islower():  # most values are; the same as below, but quick
        return Strength.NONE if len(core) < _SHORTEST or is_placeholder(core) else Strength.WORD
    if len(core) < _SHORTEST or is_placeholder(core):
        return Strength.NONE
    if looks_jumbled(core):
        return Strength.RANDOM if len(core) >= _SHORTEST_RANDOM else Strength.JUMBLED
    if len(core) < _SHORTEST_MIXED or not _LETTER.search(core):
        return Strength.WORD
    return Strength.MIXED if _DIGIT.search(core) or _SIGN.search(core) else Strength.WORD


def looks_jumbled(value: str) -> bool:
    """Whether a value of 8 characters or more holds no words: its letters make odd pairs, or digits mix in."""
    if len(value) < _SHORTEST_JUMBLED or not value.isascii() or " " in value:
        return False
    if _HEXADECIMAL.fullmatch(value) or _UUID.fullmatch(value):
        return True
    runs = _RUN.findall(value)
    digits = sum(map(str.isdigit, value))
    length = sum(map(len, runs))
    if 1 < digits < length - 1 and len(runs) > _LONGEST_RUN and length <= _LONGEST_RUN * len(runs):
        return True
    if digits and len(runs) > _LONGEST_RUN + 1 and length <= _LONGEST_MIXED_RUN * len(runs):
        return True
    if len(value) >= _SHORTEST_SIGNED and digits and len(set(_SIGN.findall(value))) >= _FEWEST_SIGNS:
        return True
    pairs = [left + right for part in _LETTERS.findall(value.lower()) for left, right in pairwise(part)]
    if len(pairs) < _FEWEST_PAIRS or (digits == 0 and len(runs) < _LONGEST_RUN):
        return False
    return sum(map(_COMMON_PAIRS.__contains__, pairs)) <= _MOST_COMMON * len(pairs)


def looks_like_hash(value: str) -> bool:
    """Whether a value is a UUID, or has the form of a checksum or commit."""
    return _UUID.fullmatch(value) is not None or (
        len(value) in _HASH_LENGTHS and _HEXADECIMAL.fullmatch(value) is not None
    )


def looks_like_passphrase(value: str) -> bool:
    """Whether several words are a passphrase rather than a message: lower case, and none that joins others."""
    words = value.split()
    return (
        len(words) >= _PASSPHRASE_WORDS
        and all(word.isalpha() and word.islower() for word in words)
        and _JOINING_WORDS.isdisjoint(words)
    )
