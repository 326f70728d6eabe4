"""Secrets that a name gives away: `DB_PASSWORD=…`, `"api_key": "…"`, `--token …`, `the password is …`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import chain, pairwise
from typing import Final, NamedTuple

from mnemo_server.domain.redaction.assignment_shapes import (
    ASSIGNMENTS,
    CODE,
    ENDS_LINE,
    ENDS_WORD,
    FOREIGN_ASSIGNMENTS,
    KEY_ALPHABET,
    PLACE,
    SETS,
)
from mnemo_server.domain.redaction.marks import Span
from mnemo_server.domain.redaction.names import (
    Name,
    Stem,
    Trust,
    find_name_start,
    is_called_secret,
    read_name,
)
from mnemo_server.domain.redaction.reading import Value, find_end, has_paired_brackets, read_value
from mnemo_server.domain.redaction.values import (
    Strength,
    looks_jumbled,
    looks_like_hash,
    looks_like_passphrase,
    measure,
)

_LOOSE: Final = frozenset(("compare", "argument", "says", "space"))  # where other than secrets may stand
_SHORTEST_MIXED_SECRET: Final = 8
_LONGEST_BEFORE: Final = 16
_SHORTEST_FLAG: Final = 5
_LONGEST_PASSWORD: Final = 40
_LONGEST_PLACE: Final = 128


class _Place(NamedTuple):
    """How an assignment is written."""

    operator: str
    """The group of the pattern."""
    is_firm: bool
    """Whether a value without quotes can't be code here: `NAME=…`, `--name=…`, `?name=…`."""
    is_tight: bool = False
    """Whether no blanks stand around the equals sign."""
    takes_line: bool = False
    """Whether nothing but the value can stand in the rest of the line: `NAME=…` where a line begins."""


def find_assignments(text: str, lowered: str, present: Collection[str]) -> Iterator[Span]:
    """Find values that are assigned to names of secrets.

    Args:
        text: where to look.
        lowered: the same in lower case, with each character at the same place.
        present: the needles of stems that the text holds.
    """
    for stem, pattern in ASSIGNMENTS + FOREIGN_ASSIGNMENTS:
        if stem.needle not in present:
            continue
        done = 0  # what is taken out already needs no second look, and could be long
        for match, following in pairwise(chain(pattern.finditer(lowered), (None,))):
            if match is None or match.start() < done:
                continue
            if following is not None and following.start() == match.end():
                continue  # what looks like the value is the next name
            if (span := _judge(text, match, stem)) is not None:
                done = span.end
                yield span


def _judge(text: str, match: re.Match[str], stem: Stem) -> Span | None:
    stem_start, (stem_end, end) = match.start(), match.span("after")
    start = find_name_start(text, stem_start)
    name = read_name(stem, text[start:stem_start], text[stem_start:stem_end], text[stem_end:end])
    if name is None:
        return None
    if stem.needle == "key" and start == stem_start:
        if not is_called_secret(text, start):
            return None
        name = name._replace(trust=Trust.SECRET)
    place = _read_place(text, start, end, match)
    value = read_value(text, match.end(), takes_line=place.takes_line)
    if value is None:
        return None
    strength = measure(value.text)
    if strength < _require(name, value, place) or not _is_secret(text, value, name, place, strength):
        return None
    return Span(value.start, find_end(text, value), name.kind)


def _read_place(text: str, start: int, end: int, match: re.Match[str]) -> _Place:
    operator = str(match.lastgroup)
    before = text[max(0, start - _LONGEST_BEFORE) : start]
    is_set = SETS.search(before) is not None
    begins_line = is_set or before.rstrip(" \t+->|#*")[-1:] in ("", "\n")
    # With one dash it could be a line of a diff, or a flag of one letter with its value.
    is_flag = text.startswith("--", start) or (
        text.startswith("-", start) and end - start >= _SHORTEST_FLAG and before[-1:] not in ("", "\n")
    )
    if operator == "space":
        return _Place(operator, is_flag or is_set)
    is_tight = operator == "equals" and match.end() == match.start("equals") + 1
    is_variable = is_tight and text[start:end].isupper()
    is_firm = is_flag or is_variable or before[-1:] in ("?", "&", ";") or (is_tight and begins_line)
    return _Place(operator, is_firm, is_tight, takes_line=is_variable and begins_line)


def _require(name: Name, value: Value, place: _Place) -> Strength:
    """Say how much a value must look like a secret to be taken for one."""
    if not name.is_plain or name.trust is Trust.KEY:
        return Strength.RANDOM
    is_password = name.trust is Trust.PASSWORD
    if place.operator == "space" and not value.is_quoted and not place.is_firm:
        return Strength.JUMBLED if is_password else Strength.RANDOM
    if place.is_firm or (place.operator not in _LOOSE and (value.is_quoted or place.operator == "tag")):
        return Strength.WORD if is_password else Strength.MIXED
    return Strength.MIXED if is_password else Strength.JUMBLED


def _is_secret(text: str, value: Value, name: Name, place: _Place, strength: Strength) -> bool:
    """Rule out what is code, prose or an address."""
    if name.trust is Trust.KEY and (looks_like_hash(value.text) or not KEY_ALPHABET.fullmatch(value.text)):
        return False
    if not value.is_quoted and not place.takes_line and _is_code(text, value, place):
        return False
    return strength >= Strength.JUMBLED or (_can_be_secret(value, name) and _ends_well(text, value, place))


def _is_code(text: str, value: Value, place: _Place) -> bool:
    """Whether a value without quotes is an expression, in which brackets come in pairs."""
    if CODE.match(text, value.start) is None:
        return False
    if place.operator in _LOOSE or len(value.text) > _LONGEST_PASSWORD or value.text[-1] in "([{":
        return True
    return has_paired_brackets(value.text) or not looks_jumbled(value.text)


def _can_be_secret(value: Value, name: Name) -> bool:
    """Whether a value that has words in it may be a secret all the same."""
    if PLACE.match(value.text[:_LONGEST_PLACE]):
        return False
    if any(map(str.isspace, value.text)):
        return name.trust is Trust.PASSWORD and looks_like_passphrase(value.text)
    return name.trust is Trust.PASSWORD or len(value.text) >= _SHORTEST_MIXED_SECRET


def _ends_well(text: str, value: Value, place: _Place) -> bool:
    """Whether what follows a value is what follows secrets, and not more code."""
    if place.operator == "tag":
        return text.startswith("</", value.end)
    if value.is_quoted or place.is_firm:
        return True
    ending = ENDS_LINE if place.operator == "equals" and not place.is_tight else ENDS_WORD
    return ending.match(text, value.end) is not None
