"""What somebody put between `<private>` and `</private>`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from mnemo_server.domain.redaction.marks import Span

KIND: Final = "private"

#: A tag, also as JSON or HTML escape it. Group 1 holds the slash of a closing one, group 2 that of an empty one.
_TAG: Final = re.compile(
    r"(?:<|&lt;|\\{1,7}u003c)\s{0,8}(/?)\s{0,8}private(?:\s[^<>&\\/]{0,200})?(/?)(?:>|&gt;|\\{1,7}u003e)",
    re.IGNORECASE,
)


def find_private_blocks(text: str) -> Iterator[Span]:
    """Find private blocks with their tags. One that isn't closed goes on to the end of the text.

    A tag between two backticks is spoken about, and opens nothing.
    """
    depth = 0
    begin = 0
    for tag in _TAG.finditer(text):
        if tag[1] and depth:
            depth -= 1
            if depth == 0:
                yield Span(begin, tag.end(), KIND)
        elif not tag[1] and not tag[2] and (depth or not _is_spoken_about(text, tag)):
            begin = begin if depth else tag.start()
            depth += 1
    if depth:
        yield Span(begin, len(text), KIND)


def _is_spoken_about(text: str, tag: re.Match[str]) -> bool:
    before = text[max(0, tag.start() - 1) : tag.start()]
    return before == "`" == text[tag.end() : tag.end() + 1]
