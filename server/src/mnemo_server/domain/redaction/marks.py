"""What stands in place of a secret."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Final, NamedTuple

#: A mark: the kind of the secret, and its fingerprint.
MARK: Final = re.compile(r"\[redacted:[a-z][a-z0-9_]{0,31}:[0-9a-f]{8}\]")
#: While a text is searched, one of these stands for every mark, so that no rule sees inside one.
STAND_IN: Final = "\0"
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
    # A text may hold lone surrogates, which plain UTF-8 refuses.
    digest = hmac.digest(key, secret.encode("utf-8", "surrogatepass"), hashlib.sha256)
    return digest[:_FINGERPRINT_BYTES].hex()
