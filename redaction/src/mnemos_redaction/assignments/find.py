"""The rule for assignments: `DB_PASSWORD=…`, `"api_key": "…"`, `--token …`, `the password is …`.

It combines what the other modules of this folder find out: the name's trust (`names.py`), how and where the
assignment is written (`position.py`), and the value (`values.py`) with its strength (`strength.py`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import zip_longest

from mnemos_redaction.assignments.names import (
    Name,
    find_name_start,
    is_called_secret,
    looks_like_name,
    read_name,
)
from mnemos_redaction.assignments.position import Place, is_misread, read_place
from mnemos_redaction.assignments.stems import Stem, Trust
from mnemos_redaction.assignments.strength import Strength, looks_like_hash, looks_like_passphrase, measure
from mnemos_redaction.assignments.syntax import (
    ASSIGNMENTS,
    ENDS_LINE,
    ENDS_WORD,
    FOREIGN_ASSIGNMENTS,
    KEY_ALPHABET,
    PATH,
    SPOKEN,
    is_code,
)
from mnemos_redaction.assignments.values import Value, find_end, read_value
from mnemos_redaction.marks import Span

_SHORTEST_MIXED_SECRET = 8
_LONGEST_PATH = 128


def find_assignments(text: str, lowered: str, present: Collection[str]) -> Iterator[Span]:
    """Find values that are assigned to names of secrets.

    Args:
        text: where to look.
        lowered: the same text in lower case, with each character at the same position.
        present: the needles of stems that the text contains.
    """
    for stem, pattern in ASSIGNMENTS + FOREIGN_ASSIGNMENTS:
        if stem.needle not in present:
            continue
        done = 0  # what was found already isn't read again; it could be long
        matches = list(pattern.finditer(lowered))
        for match, following in zip_longest(matches, matches[1:]):
            if match.start() < done:
                continue
            if following is not None and following.start() == match.end():
                continue  # the value is the next name
            if (span := _judge(text, match, stem)) is not None:
                done = span.end
                yield span


def _judge(text: str, match: re.Match[str], stem: Stem) -> Span | None:
    start = find_name_start(text, match.start())
    name = _read_name(text, start, match, stem)
    if name is None or is_misread(text, start, match):
        return None
    place = read_place(text, start, match)
    is_member = place.operator == "colon"
    value = read_value(text, match.end(), takes_line=place.takes_line, is_member=is_member)
    if value is None or value.text == text[start : match.end("after")]:
        return None
    strength = measure(value.text)
    if strength < _require(name, value, place) or not _is_secret(text, value, name, place, strength):
        return None
    return Span(value.start, find_end(text, value), name.kind)


def _read_name(text: str, start: int, match: re.Match[str], stem: Stem) -> Name | None:
    stem_start, (stem_end, end) = match.start(), match.span("after")
    name = read_name(stem, text[start:stem_start], text[stem_start:stem_end], text[stem_end:end])
    if name is None or stem.needle != "key" or start < stem_start:
        return name
    return name._replace(trust=Trust.SECRET) if is_called_secret(text, start) else None


def _require(name: Name, value: Value, place: Place) -> Strength:
    """Return the least strength that makes a value a secret, for its name and its place."""
    if not name.is_plain or name.trust is Trust.KEY:
        return Strength.RANDOM
    is_password = name.trust is Trust.PASSWORD
    if place.operator == "space" and not value.is_quoted and not place.is_firm:
        return Strength.MIXED if is_password else Strength.RANDOM
    if place.is_firm or (not place.is_loose and (value.is_quoted or place.operator == "tag")):
        return Strength.WORD if is_password else Strength.MIXED
    return Strength.MIXED if is_password else Strength.JUMBLED


def _is_secret(text: str, value: Value, name: Name, place: Place, strength: Strength) -> bool:
    """Whether a value that is strong enough is neither code nor prose nor the path of a secret."""
    if not _fits_place(value, name, place):
        return False
    if (
        not value.is_quoted
        and not place.takes_line
        and is_code(text, value, may_be_password=not place.is_loose)
    ):
        return False
    return strength >= Strength.JUMBLED or (_can_be_secret(value, name) and _ends_well(text, value, place))


def _fits_place(value: Value, name: Name, place: Place) -> bool:
    """Whether a value is none of those that are common at this place, such as hashes and lists of words."""
    is_key = name.trust is Trust.KEY
    if is_key and not KEY_ALPHABET.fullmatch(value.text):
        return False
    is_spoken = place.operator == "space" and not place.is_firm  # only a blank between name and value
    if (is_key or is_spoken) and looks_like_hash(value.text):
        return False
    if is_spoken and not value.is_quoted and not SPOKEN.fullmatch(value.text):
        return False
    if place.operator == "argument" and value.text.isalpha():
        return False  # a list of words
    return name.trust is Trust.PASSWORD or not looks_like_name(value.text)


def _can_be_secret(value: Value, name: Name) -> bool:
    """Whether a value that contains words may still be a secret."""
    if PATH.match(value.text[:_LONGEST_PATH]):
        return False
    has_blanks = any(map(str.isspace, value.text))
    if name.trust is Trust.PASSWORD:
        return not has_blanks or looks_like_passphrase(value.text)
    return not has_blanks and len(value.text) >= _SHORTEST_MIXED_SECRET


def _ends_well(text: str, value: Value, place: Place) -> bool:
    """Whether what follows a value can follow a secret, and isn't more code."""
    if place.operator == "tag":
        return text.startswith("</", value.end)
    if place.operator == "space" and not value.is_quoted and value.text.isalpha():
        return text.startswith(" -", value.end)  # the next flag follows, so it isn't a sentence about flags
    if value.is_quoted or place.is_firm:
        return True
    ending = ENDS_LINE if place.operator == "equals" and not place.is_tight else ENDS_WORD
    return ending.match(text, value.end) is not None
