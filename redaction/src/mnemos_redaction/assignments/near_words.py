"""Random strings that stand near a word for a secret: `the API key for staging is now …`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mnemos_redaction.assignments.strength import Strength, measure
from mnemos_redaction.lazy_patterns import make_pattern
from mnemos_redaction.marks import Span

KIND: Final = "secret"
_LOOK_BACK: Final = 60
_RUN: Final = make_pattern(r"[A-Za-z0-9+/_=~-]{20,}")
#: Both cases and digits; or 32 hexadecimal digits, which are too few for a commit.
_MIXED: Final = make_pattern(r"(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])[^0-9]*[0-9]")
_HEXADECIMAL: Final = make_pattern("[0-9a-f]{32}")
#: Such a word, and what may stand between it and the string; in lower case.
_WORD_BEFORE: Final = make_pattern(
    r"(?:passw(?:or)?d|passphrase|api[ _-]?key|api[ _-]?token|access[ _-]?key|secret|credential|bearer"
    r"|(?:access|auth|refresh|bot|deploy|personal|service|session)[ _-]?token|token (?:is|was|for|:)"
    r"|private[ _-]?key|\u5bc6\u7801|\u5bc6\u94a5|\u4ee4\u724c)[^\n,;{}()\[\]<>]{0,50}$"
)
#: What says that it is something else.
_ELSE_BEFORE: Final = make_pattern(
    r"(?:sha\d*|md5|commit|hash|digest|checksum|integrity|fingerprint|rev|etag|uuid|id)[-_:=\s\"'`]{0,3}$"
)


def find_neighbours(text: str, lowered: str) -> Iterator[Span]:
    """Find random strings of 20 characters or more close behind a word for a secret, in the same line."""
    for match in _RUN.finditer(text):
        value = match[0]
        if not (_MIXED.match(value) or _HEXADECIMAL.fullmatch(value)):
            continue
        before = lowered[max(0, match.start() - _LOOK_BACK) : match.start()]
        if not _WORD_BEFORE.search(before) or _ELSE_BEFORE.search(before):
            continue
        if measure(value) is Strength.RANDOM:
            yield Span(*match.span(), KIND)
