"""Names of files that belong to a session."""

from __future__ import annotations

import re

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")


def name_session(session_id: str) -> str:
    """Give a file name for a session, whatever the host calls it."""
    if _PLAIN_NAME.fullmatch(session_id):
        return session_id
    from hashlib import sha256  # noqa: PLC0415 - only for names with other signs

    return f"session.{sha256(session_id.encode('utf-8', 'replace')).hexdigest()[:32]}"
