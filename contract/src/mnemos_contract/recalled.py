"""The block that recall writes, and its removal, which keeps recalled memories out of what is captured.

mem9's plugins write the same marks. Standard library only: the client has a copy for its hook runner.
"""

from __future__ import annotations

import re

OPENING = "<relevant-memories>"
CLOSING = "</relevant-memories>"
_MARKS = re.compile(f"{OPENING}|{CLOSING}|\n\n")


def strip_recalled(text: str) -> str:
    """Remove every recalled block from a text, in one pass; a text without one is returned unchanged.

    An unclosed block ends at its first empty line, or else at the next block or the end of the text.
    """
    if OPENING not in text:
        return text
    kept: list[str] = []
    kept_from: int | None = 0  # None: inside a block that has no empty line so far
    inside = False
    for mark in _MARKS.finditer(text):
        if mark[0] == OPENING:
            if kept_from is not None:
                kept.append(text[kept_from : mark.start()])
            inside, kept_from = True, None
        elif inside and mark[0] == CLOSING:
            inside, kept_from = False, mark.end()
        elif inside and kept_from is None:
            kept_from = mark.start()
    if kept_from is not None:
        kept.append(text[kept_from:])
    return "".join(kept).strip()
