"""Keys whose form tells what they are, wherever they stand."""

from __future__ import annotations

from collections.abc import Iterator

from mnemos_redaction.assignments.placeholders import is_placeholder
from mnemos_redaction.key_forms import SHAPES
from mnemos_redaction.marks import Span


def find_provider_keys(text: str, words: list[str]) -> Iterator[Span]:
    """Find keys of known form.

    Args:
        text: where to look.
        words: its longest parts between blanks; a key lies within one of them.
    """
    longest = max(map(len, words))
    together = " ".join(words)
    for needle, kind, pattern, least in SHAPES:
        if longest < least or needle not in together:
            continue
        for match in pattern.finditer(text):
            start, end = match.span(pattern.groups)  # of the only group, or of all
            if not is_placeholder(text[start:end]):
                yield Span(start, end, kind)
