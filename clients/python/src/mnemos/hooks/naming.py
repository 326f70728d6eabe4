"""Names made of other names: files that belong to a session, and what is hashed."""

from __future__ import annotations

import re

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")
_HASH_BYTES = 16


def name_session(session_id: str) -> str:
    """Return a file name for a session, whatever the host calls it."""
    if _PLAIN_NAME.fullmatch(session_id):
        return session_id
    return f"session.{hash_text(session_id)}"


def hash_text(text: str) -> str:
    """Return 32 hexadecimal digits that stand for a text."""
    try:
        from _blake2 import blake2b  # noqa: PLC0415 - hashlib's own, but hashlib loads OpenSSL: 3 to 15 ms
    except ImportError:
        from hashlib import blake2b  # noqa: PLC0415
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_HASH_BYTES).hexdigest()
