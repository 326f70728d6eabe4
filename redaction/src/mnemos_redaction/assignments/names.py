"""What a name says of the value that is assigned to it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from mnemos_redaction.assignments.stems import Stem, Trust
from mnemos_redaction.assignments.strength import looks_jumbled
from mnemos_redaction.assignments.vocabulary import (
    NO_SECRET_WITH_PREFIX,
    NO_SECRET_WITH_SUFFIX,
    PLAIN_SUFFIXES,
    RUN_TOGETHER,
    SECRET_KEYS,
    SECRET_WORDS,
)
from mnemos_redaction.lazy_patterns import make_pattern


class Name(NamedTuple):
    """A name that may hold a secret."""

    kind: str
    trust: Trust
    is_plain: bool
    """Whether nothing in it is unknown; else only a random value is a secret."""


_NAME_CHARACTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.$"
_LONGEST_NAME: Final = 64
_SECRET_KEYS: Final = tuple(SECRET_KEYS)
_RUN_TOGETHER: Final = tuple(RUN_TOGETHER)
_PARTS: Final = make_pattern("[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_NAME: Final = make_pattern("[A-Za-z_][A-Za-z0-9_:. -]*")
_JOINTS: Final = make_pattern("[_:. -]+")
_DIGIT_WITHIN: Final = make_pattern("[a-z][0-9][a-z]")
_MOST_DIGITS: Final = 4
_SPACED_KEY: Final = make_pattern(
    r"\b(?:access|api|encryption|license|master|private|secret|signing) $", re.IGNORECASE
)


def find_name_start(text: str, stem_start: int) -> int:
    """Return where the name begins that has a stem at a place."""
    before = text[max(0, stem_start - _LONGEST_NAME) : stem_start]
    return stem_start - len(before) + len(before.rstrip(_NAME_CHARACTERS))


def is_called_secret(text: str, start: int) -> bool:
    """Whether a key that begins at a place is called one, as in `API key` or `?key=`."""
    return text[max(0, start - 1) : start] in ("?", "&") or (
        _SPACED_KEY.search(text, max(0, start - 12), start) is not None
    )


@lru_cache(maxsize=4_096)
def read_name(stem: Stem, before: str, written: str, after: str) -> Name | None:
    """Judge a name.

    Args:
        stem: what makes it the name of a secret.
        before: what the name has before the stem.
        written: the stem as it is written.
        after: what the name has after the stem.

    Returns:
        None when it names no secret.
    """
    if stem.is_short and not _stands_apart(before, written, after):
        return None
    parts_before = [part.lower() for part in _PARTS.findall(before)]
    parts_after = [part.lower() for part in _PARTS.findall(after)]
    if not NO_SECRET_WITH_PREFIX.isdisjoint(parts_before):
        return None
    if not NO_SECRET_WITH_SUFFIX.isdisjoint(parts_after):
        return None
    trust = stem.trust
    if trust is Trust.KEY and parts_before and before.lower().rstrip("_-.").endswith(_SECRET_KEYS):
        trust = Trust.SECRET
    if written.lower() == "pass" and not parts_before:
        trust = Trust.SECRET  # tests pass, and so do years
    is_plain = all(part in PLAIN_SUFFIXES or part.isdigit() for part in parts_after)
    return Name(stem.kind, trust, is_plain)


def looks_like_name(value: str) -> bool:
    """Whether a value is the name of a secret rather than one: `tok-secret-1`, `ApiGatewayApiKey`."""
    if not value.isascii() or sum(map(str.isdigit, value)) > _MOST_DIGITS or not _NAME.fullmatch(value):
        return False
    is_named = False
    for piece in _JOINTS.split(value):
        if not SECRET_WORDS.isdisjoint(map(str.lower, _PARTS.findall(piece))):
            is_named = True
        elif looks_jumbled(piece) or _DIGIT_WITHIN.search(piece):
            return False
    return is_named


def _stands_apart(before: str, written: str, after: str) -> bool:
    """Whether a stem is a word of its own in the name."""
    goes_on = after[:1].isalpha() and after[:1].islower() == written[-1:].islower()
    if goes_on and after.lower() not in PLAIN_SUFFIXES:
        return False
    if not before[-1:].isalpha() or (written[0].isupper() and before[-1].islower()):
        return True
    return before.lower().endswith(_RUN_TOGETHER)
