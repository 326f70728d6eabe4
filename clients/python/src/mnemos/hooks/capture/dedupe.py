"""Records which messages were captured, so that a forked session doesn't store its beginning again.

Hosts copy the messages of a session into the fork with their original ids. The server can't recognise the
copies: it sees another session, and people do say the same thing twice.
"""

from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING

from mnemos.hooks.upload.spool import mark_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mnemos.hooks.settings import HookSettings
    from mnemos.hooks.state import State

#: Characters and hyphens of a UUID. Counters and ids made from texts don't identify messages across sessions.
_UUID_CHARACTERS = 36
_UUID_HYPHENS = 4
#: A record consists of a message id and the checksum of its session.
_ID_BYTES = 16
_RECORD_BYTES = _ID_BYTES + 4
#: Number of known messages: at least the newest 20,000, at most twice as many.
MAX_RECORDS = 20_000


class KnownMessages:
    """The messages captured with one key."""

    def __init__(self, state: State, settings: HookSettings) -> None:
        self._state = state
        self._path = state.get_subfolder("known") / f"{mark_key(settings.api_key)}.bin"
        self._sessions: dict[bytes, bytes] | None = None

    def is_elsewhere(self, session_id: str, message_id: str) -> bool:
        """Return whether a message was captured in another session before."""
        message = _pack_id(message_id)
        if message is None:
            return False
        if self._sessions is None:
            self._sessions = self._read()
        return self._sessions.get(message, session := _pack_session(session_id)) != session

    def add(self, session_id: str, message_ids: Iterable[str]) -> None:
        """Remember messages; a message that two sessions contain belongs to the first one."""
        session = _pack_session(session_id)
        records = b"".join(message + session for message in map(_pack_id, message_ids) if message)
        if not records:
            return
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "ab") as file:
            file.write(records)
            size = file.tell()
        if size > 2 * MAX_RECORDS * _RECORD_BYTES:
            self._state.write(self._path, self._path.read_bytes()[-MAX_RECORDS * _RECORD_BYTES :])
        self._sessions = None

    def _read(self) -> dict[bytes, bytes]:
        try:
            data = self._path.read_bytes()
        except OSError:
            return {}
        places = range(0, len(data) - _RECORD_BYTES + 1, _RECORD_BYTES)
        # Backwards, so that the first record of a message takes precedence.
        return {
            data[at : at + _ID_BYTES]: data[at + _ID_BYTES : at + _RECORD_BYTES] for at in reversed(places)
        }


def _pack_id(message_id: str) -> bytes | None:
    if len(message_id) != _UUID_CHARACTERS or message_id.count("-") != _UUID_HYPHENS:
        return None
    try:
        packed = bytes.fromhex(message_id.replace("-", ""))
    except ValueError:
        return None
    return packed if len(packed) == _ID_BYTES else None


def _pack_session(session_id: str) -> bytes:
    return zlib.crc32(session_id.encode("utf-8", "replace")).to_bytes(4)
