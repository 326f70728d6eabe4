"""Capture: what was said since the last hook goes from the transcript into the spool."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

from mnemos.hooks.project import find_project
from mnemos.hooks.spool import Spool
from mnemos.hooks.transcript import Cursor, read_window

if TYPE_CHECKING:
    from mnemos.hooks.events import HookEvent
    from mnemos.hooks.settings import HookSettings
    from mnemos.hooks.state import State
    from mnemos.hooks.transcript import TranscriptMessage

#: Claude Code kills its SessionEnd hooks after about 1.5 s; what isn't read by then is read by the next hook.
_READING_SECONDS = 0.8
#: Stop, PreCompact and SessionEnd of one session wait this long for each other.
_LOCK_WAIT_SECONDS = 0.5
#: Longest session id the server takes (MAX_NAME_CHARACTERS of the contract).
_MAX_SESSION_ID_CHARACTERS = 200
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")


def capture(event: HookEvent, settings: HookSettings, state: State) -> int:
    """Spool what was said since the last capture of this session; gives the number of messages.

    The cursor moves after the spool file is safe: a crash between the two sends messages again, which the
    server recognises by their `seq`. Raises OSError when the transcript can't be read.
    """
    if not event.session_id or not event.transcript_path:
        return 0
    cursor_path = state.get_subfolder("cursors") / f"{name_session(event.session_id)}.json"
    with state.lock(f"{cursor_path.stem}.lock", _LOCK_WAIT_SECONDS):
        return _capture_from(event, settings, state, cursor_path)


def name_session(session_id: str) -> str:
    """Give a file name for a session, whatever the host calls it."""
    if _PLAIN_NAME.fullmatch(session_id):
        return session_id
    from hashlib import sha256  # noqa: PLC0415 - only for names that no host has given so far

    return f"session.{sha256(session_id.encode('utf-8', 'replace')).hexdigest()[:32]}"


def _capture_from(event: HookEvent, settings: HookSettings, state: State, cursor_path: Path) -> int:
    cursor, count = _read_cursor(cursor_path), 0
    end = time.monotonic() + _READING_SECONDS
    spool, project = Spool(state, settings), find_project(event.cwd)
    frame = {"session_id": event.session_id[:_MAX_SESSION_ID_CHARACTERS], "agent_id": settings.agent_id}
    if project:
        frame["project"] = project
    while True:
        window = read_window(Path(event.transcript_path), cursor)
        if window.messages:
            spool.add(frame, [_to_wire(message) for message in window.messages])
        if window.cursor != cursor:
            state.write(cursor_path, json.dumps(window.cursor._asdict()).encode())
        count += len(window.messages)
        if window.cursor.offset == cursor.offset or time.monotonic() > end:
            return count
        cursor = window.cursor


def _to_wire(message: TranscriptMessage) -> dict[str, object]:
    """Write a message as the server reads it; a time it couldn't read is left out."""
    wire: dict[str, object] = {"role": message.role, "content": message.content, "seq": message.seq}
    if _TIMESTAMP.fullmatch(message.timestamp):
        wire["created_at"] = message.timestamp
    return wire


def _read_cursor(path: Path) -> Cursor:
    """Read a cursor; one that is missing or damaged starts over, which only repeats messages."""
    try:
        data = json.loads(path.read_bytes())
        known_ids = tuple(str(item) for item in data["known_ids"])
        return Cursor(int(data["offset"]), int(data["fingerprint"]), int(data["seq"]), known_ids)
    except (OSError, ValueError, KeyError, TypeError):
        return Cursor()
