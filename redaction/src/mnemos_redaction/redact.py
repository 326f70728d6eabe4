"""From spans to marks: merges what the rules found, and writes the text anew."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from mnemos_redaction.marks import MARK, STAND_IN, Span, make_fingerprint, make_mark
from mnemos_redaction.scan import find_secrets

_OLD_MARK: Final = ""  # the kind of a span that was a mark before
_MOST_ROUNDS: Final = 8  # keeps the time linear; two are enough for all texts but contrived ones


class Finding(NamedTuple):
    """A secret that was taken out."""

    kind: str
    """What it was, such as `github_token`; the same word as in the mark."""
    start: int
    """Where it began in the text that was given, in characters."""
    end: int
    """Where it ended there: the first character behind it."""
    fingerprint: str
    """What the same secret has in common wherever it stands: eight hexadecimal digits."""


class Redacted(NamedTuple):
    """A text without its secrets."""

    text: str
    """The text given, with `[redacted:kind:fingerprint]` in place of each secret and nothing else changed."""
    findings: tuple[Finding, ...] = ()
    """What was taken out, in the order of the text."""


def redact(text: str, fingerprint_key: bytes) -> Redacted:
    """Put a mark in place of every secret. A text that was redacted once stays as it is.

    Args:
        text: any text.
        fingerprint_key: the installation's own secret, best 32 random bytes. With the same key the same
            secret has the same mark; without it, nobody can try out what a mark stands for.

    Raises:
        ValueError: the key is empty, so that anybody could compute the fingerprints.
    """
    if not fingerprint_key:
        raise ValueError("The key of the fingerprints is empty; give it random bytes, best 32")
    spans = _find_all(text)
    if all(span.kind == _OLD_MARK for span in spans):
        return Redacted(text)
    pieces: list[str] = []
    findings: list[Finding] = []
    done = 0
    for start, end, kind in spans:
        if kind != _OLD_MARK:
            fingerprint = make_fingerprint(text[start:end], fingerprint_key)
            findings.append(Finding(kind, start, end, fingerprint))
            pieces += text[done:start], make_mark(kind, fingerprint)
            done = end
    return Redacted("".join([*pieces, text[done:]]), tuple(findings))


def _find_all(text: str) -> list[Span]:
    """Find old marks and secrets, apart from each other and in order.

    Where a secret was, there is a mark afterwards, and what stands beside a mark may be read differently. So
    the search is repeated until it finds nothing more, on a text in which all marks look alike: searching the
    redacted text once more would see just the same.
    """
    spans = [Span(*found.span(), _OLD_MARK) for found in MARK.finditer(text)] if "[redacted:" in text else []
    for _ in range(_MOST_ROUNDS):
        squeezed = _Squeezed(text, spans)
        found = find_secrets(squeezed.text)
        if not found:
            break
        spans = _merge([*spans, *map(squeezed.to_original, found)])
    return spans


def _merge(spans: Iterable[Span]) -> list[Span]:
    """Unite spans that overlap; the longest gives its kind, and the first found among equals.

    A mark lies within whatever new span overlaps it, so it never does.
    """
    merged: list[Span] = []
    longest = 0
    for span in sorted(spans, key=lambda span: span.start):
        length = span.end - span.start
        if not merged or span.start >= merged[-1].end:
            merged.append(span)
            longest = length
            continue
        last = merged[-1]
        kind = span.kind if length > longest else last.kind
        longest = max(length, longest)
        merged[-1] = Span(last.start, max(span.end, last.end), kind)
    return merged


class _Squeezed:
    """A text in which each span is one character long."""

    def __init__(self, text: str, spans: Sequence[Span]) -> None:
        pieces: list[str] = []
        done = 0
        self._stand_ins: list[int] = []  # where they are in the squeezed text
        self._growth = [0]  # what each one and those before it are longer in the original
        for start, end, _ in spans:
            pieces += text[done:start], STAND_IN
            done = end
            self._stand_ins.append(start - self._growth[-1])
            self._growth.append(self._growth[-1] + end - start - 1)
        self.text = "".join([*pieces, text[done:]]) if spans else text

    def to_original(self, span: Span) -> Span:
        start = span.start + self._growth[bisect_left(self._stand_ins, span.start)]
        end = span.end + self._growth[bisect_right(self._stand_ins, span.end - 1)]
        return Span(start, end, span.kind)
