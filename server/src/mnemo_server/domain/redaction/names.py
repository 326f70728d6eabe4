"""What a name says of the value that is assigned to it."""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache
from typing import Final, NamedTuple

from mnemo_server.domain.redaction.values import looks_jumbled
from mnemo_server.domain.redaction.vocabulary import (
    NO_SECRET_WITH_PREFIX,
    NO_SECRET_WITH_SUFFIX,
    PLAIN_SUFFIXES,
    RUN_TOGETHER,
    SECRET_KEYS,
    SECRET_WORDS,
)


class Trust(IntEnum):
    """How sure it is that the value of a name is a secret."""

    KEY = 1
    """Some key; many are no secrets."""
    SECRET = 2
    """A secret that a program made."""
    PASSWORD = 3
    """A secret that a person may have made, so it need not look like one."""


class Stem(NamedTuple):
    """A part of names that makes them names of secrets."""

    needle: str
    """What every such name holds, in lower case; looked for first, since that is quick."""
    pattern: str
    """All of the stem, in lower case; begins with the needle."""
    kind: str
    trust: Trust
    is_short: bool = False
    """Whether other words hold it too (`bypass`, `keyboard`), so that it must stand apart in the name."""


class Name(NamedTuple):
    """A name that may hold a secret."""

    kind: str
    trust: Trust
    is_plain: bool
    """Whether nothing in it is unknown; else only a random value is a secret."""


#: Stems to look for.
STEMS: Final = (
    Stem("pass", "passw(?:or)?[dt]", "password", Trust.PASSWORD),
    Stem("pass", "passphrase", "password", Trust.PASSWORD),
    Stem("pass", "passcode", "password", Trust.PASSWORD),
    Stem("pass", "pass(?!w(?:or)?[dt]|phrase|code)", "password", Trust.PASSWORD, is_short=True),
    Stem("pw", "pwd?", "password", Trust.PASSWORD, is_short=True),
    Stem("secret", "secret", "secret", Trust.SECRET),
    Stem("token", "token", "token", Trust.SECRET),
    Stem("cred", "cred(?:ential)?s?", "credential", Trust.SECRET, is_short=True),
    Stem("auth", "auth", "credential", Trust.KEY, is_short=True),
    Stem("key", "key", "api_key", Trust.KEY, is_short=True),
)
#: Stems of other languages and scripts; an ASCII text holds none.
FOREIGN_STEMS: Final = tuple(
    Stem(word, word, "password", Trust.PASSWORD)
    for word in (
        "contrase\u00f1a",
        "\u043f\u0430\u0440\u043e\u043b\u044c",
        "\u5bc6\u7801",
        "\u5bc6\u78bc",
        "\u53e3\u4ee4",
        "\u30d1\u30b9\u30ef\u30fc\u30c9",
        "\ube44\ubc00\ubc88\ud638",
    )
) + tuple(
    Stem(word, word, "secret", Trust.SECRET) for word in ("\u5bc6\u94a5", "\u5bc6\u9470", "\u4ee4\u724c")
)

_NAME_CHARACTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.$"
_LONGEST_NAME: Final = 64
_SECRET_KEYS: Final = tuple(SECRET_KEYS)
_RUN_TOGETHER: Final = tuple(RUN_TOGETHER)
_PARTS: Final = re.compile("[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_NAME: Final = re.compile("[A-Za-z_][A-Za-z0-9_:. -]*")
_JOINTS: Final = re.compile("[_:. -]+")
_DIGIT_WITHIN: Final = re.compile("[a-z][0-9][a-z]")
_MOST_DIGITS: Final = 4
_SPACED_KEY: Final = re.compile(
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
