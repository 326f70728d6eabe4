"""The parts of names that make them names of secrets, apart from all that judges them."""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NamedTuple


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


#: Stems to look for.
STEMS: Final = (
    Stem("passw", "passw(?:or)?[dt]", "password", Trust.PASSWORD),
    Stem("passphrase", "passphrase", "password", Trust.PASSWORD),
    Stem("passcode", "passcode", "password", Trust.PASSWORD),
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
#: One of these is in each word for a secret that a random string may stand near.
WORDS_BEFORE: Final = frozenset(
    ("pass", "key", "token", "secret", "cred", "bearer", "\u5bc6\u7801", "\u5bc6\u94a5", "\u4ee4\u724c")
)
