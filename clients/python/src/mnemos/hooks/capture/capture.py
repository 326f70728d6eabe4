"""Capture: puts what was said since the last hook into the spool."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from mnemos.hooks.capture.filter import MessageFilter
from mnemos.hooks.messages import read_cursor, write_cursor
from mnemos.hooks.naming import name_session
from mnemos.hooks.project.find import find_project
from mnemos.hooks.upload.spool import Spool

if TYPE_CHECKING:
    from pathlib import Path

    from mnemos.hooks.adapter import Adapter
    from mnemos.hooks.events import HookEvent
    from mnemos.hooks.messages import SaidMessage
    from mnemos.hooks.settings import HookSettings
    from mnemos.hooks.state import State

#: Claude Code kills its SessionEnd hooks after about 1.5 s; the next hook reads what is left.
_READING_SECONDS = 0.8
#: Stop, PreCompact and SessionEnd of one session wait this long for each other.
_LOCK_WAIT_SECONDS = 0.5
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")


def capture(event: HookEvent, adapter: Adapter, settings: HookSettings, state: State) -> int:
    """Spool the messages since the last capture of this session that are worth keeping; return their number.

    A refused message leaves a gap in `seq`, so the other messages have the same `seq` in every replay.

    The cursor moves after the spool file is safe: after a crash between the two, messages are sent again, and
    the server recognises them by their `seq`. Raises OSError if the transcript can't be read.
    """
    if not event.session_id:
        return 0
    cursor_path = state.get_subfolder("cursors") / f"{name_session(event.session_id)}.json"
    with state.lock(f"{cursor_path.stem}.lock", _LOCK_WAIT_SECONDS):
        return _capture_from(event, adapter, settings, state, cursor_path)


def _capture_from(
    event: HookEvent, adapter: Adapter, settings: HookSettings, state: State, cursor_path: Path
) -> int:
    cursor, count = read_cursor(cursor_path), 0
    end = time.monotonic() + _READING_SECONDS
    message_filter = MessageFilter(event.session_id, settings, state)
    spool, project = Spool(state, settings), find_project(event.cwd)
    frame = {"session_id": event.session_id, "agent_id": settings.agent_id}
    if project:
        frame["project"] = project
    while True:
        window = adapter.read_window(event, cursor)
        kept = message_filter.choose(window)
        if kept:
            spool.add(frame, [_to_wire(message) for message in kept])
        if window.cursor == cursor:
            return count
        state.write(cursor_path, write_cursor(window.cursor))
        message_filter.remember(kept)
        count += len(kept)
        if time.monotonic() > end:
            return count
        cursor = window.cursor


def _to_wire(message: SaidMessage) -> dict[str, object]:
    """Return a message in the server's format, without a time that the server couldn't read."""
    wire: dict[str, object] = {"role": message.role, "content": message.content, "seq": message.seq}
    if _TIMESTAMP.fullmatch(message.timestamp):
        wire["created_at"] = message.timestamp
    return wire
