"""What somebody put between `<private>` and `</private>`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from mnemos_redaction.lazy_patterns import make_pattern
from mnemos_redaction.marks import Span

KIND: Final = "private"

#: A tag, also as JSON or HTML escape it. Group 1 is the slash of a closing tag, group 2 that of an empty one.
_TAG: Final = make_pattern(
    r"(?:<|&lt;|\\{1,7}u003c)(/?)private(?:\s{1,8}[\w-]{1,64}=[^<>&\\/]{0,200}|\s{0,8})(/?)(?:>|&gt;|\\{1,7}u003e)",
    re.IGNORECASE,
)


def find_private_blocks(text: str) -> Iterator[Span]:
    """Find private blocks with their tags. One that isn't closed goes on to the end of the text.

    A tag between two backticks is spoken about, and opens nothing. Neither does one in upper case or behind a
    word, such as `Local<Private>`, unless another tag closes it.
    """
    tags = list(_TAG.finditer(text))
    last_closing = max((tag.start() for tag in tags if tag[1]), default=0)
    depth = 0
    begin = 0
    for tag in tags:
        if tag[1] and depth:
            depth -= 1
            if depth == 0:
                yield Span(begin, tag.end(), KIND)
        elif not tag[1] and not tag[2] and (depth or _opens(text, tag, last_closing)):
            begin = begin if depth else tag.start()
            depth += 1
    if depth:
        yield Span(begin, len(text), KIND)


def _opens(text: str, tag: re.Match[str], last_closing: int) -> bool:
    """Whether a tag opens a block."""
    before = text[max(0, tag.start() - 1) : tag.start()]
    if before == "`" == text[tag.end() : tag.end() + 1]:
        return False
    return tag.start() < last_closing or (tag[0].islower() and not before.isalnum())
