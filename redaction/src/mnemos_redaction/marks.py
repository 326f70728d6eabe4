"""What stands in place of a secret."""

from __future__ import annotations

from typing import Final, NamedTuple

from mnemos_redaction.lazy_patterns import make_pattern

#: A mark: the kind of the secret, and its fingerprint.
MARK: Final = make_pattern(r"\[redacted:[a-z][a-z0-9_]{0,31}:[0-9a-f]{8}\]")
#: While a text is searched, one of these stands for every mark, so that no rule sees inside one.
STAND_IN: Final = "\0"
#: Characters of the shortest key that is known by its form. A text without a word of this length holds none.
SHORTEST_KEY: Final = 20
_FINGERPRINT_BYTES: Final = 4


class Span(NamedTuple):
    """A place in a text that holds a secret: half open, in characters."""

    start: int
    end: int
    kind: str
    """Lower-case letters, digits and underscores, at most 32."""


def make_mark(kind: str, fingerprint: str) -> str:
    """Write a mark."""
    return f"[redacted:{kind}:{fingerprint}]"


def make_fingerprint(secret: str, key: bytes) -> str:
    """Name a secret by 32 bits, in hexadecimal, that tell nothing to whoever lacks the key."""
    import hashlib  # noqa: PLC0415 - costs 5 ms, and most texts hold no secret
    import hmac  # noqa: PLC0415

    # A text may hold lone surrogates, which plain UTF-8 refuses.
    digest = hmac.digest(key, secret.encode("utf-8", "surrogatepass"), hashlib.sha256)
    return digest[:_FINGERPRINT_BYTES].hex()
