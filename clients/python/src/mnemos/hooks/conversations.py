"""Gives each conversation its own id in hosts that reuse a session's id when the user starts over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnemos.hooks.naming import name_session

if TYPE_CHECKING:
    from pathlib import Path

    from mnemos.hooks.state import State


def name_conversation(session_id: str, state: State) -> str:
    """Return the id of a session's current conversation; the first one has the id of the session."""
    count = _read_count(_count_path(session_id, state)) if session_id else 0
    return f"{session_id}.{count}" if count else session_id


def begin_again(session_id: str, state: State) -> None:
    """Begin a new conversation with the next hook of the session."""
    path = _count_path(session_id, state)
    state.write(path, str(_read_count(path) + 1).encode())


def _count_path(session_id: str, state: State) -> Path:
    return state.get_subfolder("conversations") / f"{name_session(session_id)}.txt"


def _read_count(path: Path) -> int:
    """Return how often a session began again; 0 if the file is missing or damaged."""
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0
