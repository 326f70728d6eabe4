"""Names derived from other names: file names of sessions, and hashes."""

from __future__ import annotations

import re

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")
_HASH_BYTES = 16


def name_session(session_id: str) -> str:
    """Return a file name for a session, whatever its id contains."""
    if _PLAIN_NAME.fullmatch(session_id):
        return session_id
    return f"session.{hash_text(session_id)}"


def hash_text(text: str) -> str:
    """Return a hash of a text, as 32 hexadecimal digits."""
    try:
        from _blake2 import blake2b  # noqa: PLC0415 - hashlib's own, but hashlib loads OpenSSL: 3 to 15 ms
    except ImportError:
        from hashlib import blake2b  # noqa: PLC0415
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_HASH_BYTES).hexdigest()
