"""Marks, which replace secrets, and their fingerprints."""

from __future__ import annotations

from typing import Final, NamedTuple

from mnemos_redaction.lazy_patterns import make_pattern

#: A mark: the kind of the secret, and its fingerprint.
MARK: Final = make_pattern(r"\[redacted:[a-z][a-z0-9_]{0,31}:[0-9a-f]{8}\]")
#: Replaces every mark while a text is searched, so that no rule reads the inside of a mark.
STAND_IN: Final = "\0"
#: Length of the shortest key with a known format. A text without a word of this length contains none.
SHORTEST_KEY: Final = 20
_FINGERPRINT_BYTES: Final = 4


class Span(NamedTuple):
    """The position of a secret in a text: half open, in characters."""

    start: int
    end: int
    kind: str
    """Lower-case letters, digits and underscores, at most 32."""


def make_mark(kind: str, fingerprint: str) -> str:
    """Return the mark for a secret of a kind."""
    return f"[redacted:{kind}:{fingerprint}]"


def make_fingerprint(secret: str, key: bytes) -> str:
    """Return 32 bits of a keyed hash, in hexadecimal; without the key they say nothing about the secret."""
    import hashlib  # noqa: PLC0415 - costs 5 ms, and most texts contain no secret
    import hmac  # noqa: PLC0415

    # A text may contain lone surrogates, which strict UTF-8 rejects.
    digest = hmac.digest(key, secret.encode("utf-8", "surrogatepass"), hashlib.sha256)
    return digest[:_FINGERPRINT_BYTES].hex()
