"""The filter before the spool: the guard refuses messages, and messages of other sessions are left out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from mnemos._generated.recalled import OPENING, strip_recalled
from mnemos.hooks.capture.dedupe import KnownMessages
from mnemos.hooks.capture.guard import Context, asks, judge
from mnemos.hooks.capture.refused import RefusedLog
from mnemos.hooks.naming import name_session
from mnemos.hooks.recall.blocks import list_lines, read_memory
from mnemos.hooks.recall.shown import Shown

if TYPE_CHECKING:
    from pathlib import Path

    from mnemos.hooks.messages import SaidMessage, Window
    from mnemos.hooks.settings import HookSettings
    from mnemos.hooks.state import State

#: Number of recalled lines that are remembered for a session: the last ones.
_MAX_LINES = 300


class _Kept(NamedTuple):
    """What must be remembered about a session to judge its next message."""

    #: Lines that recall put into the session.
    lines: tuple[str, ...] = ()
    #: `seq` of the next message, and whether the message before it asks something.
    seq: int = 0
    was_asked: bool = False


class MessageFilter:
    """Chooses which messages of one session are captured. Use it under the session's lock."""

    def __init__(self, session_id: str, settings: HookSettings, state: State) -> None:
        self._session_id, self._settings, self._state = session_id, settings, state
        self._path = state.get_subfolder("contexts") / f"{name_session(session_id)}.json"
        self._shown = Shown(session_id, state)
        self._known = KnownMessages(state, settings)
        self._refused = RefusedLog(state, settings)
        self._kept = _read_kept(self._path)

    def choose(self, window: Window) -> list[SaidMessage]:
        """Return the messages of a window to keep; record the refused ones and the reasons."""
        if self._settings.capture == "off":
            return []
        seen = (line for block in window.recalled for line in list_lines(block))
        lines = list(dict.fromkeys([*self._kept.lines, *self._shown.list_lines(), *seen]))
        self._kept = self._kept._replace(lines=tuple(lines[-_MAX_LINES:]))
        recalled = tuple(map(read_memory, self._kept.lines))
        chosen = []
        for message in window.messages:
            # If the message before is unknown, it may have been a question.
            was_asked = self._kept.was_asked or self._kept.seq != message.seq
            self._kept = self._kept._replace(seq=message.seq + 1, was_asked=asks(message.content))
            if self._is_elsewhere(message):
                continue
            if self._settings.capture == "guarded":
                refusal = judge(message.role, message.content, Context(recalled, was_asked))
                if refusal is not None:
                    self._refused.add(self._session_id, message, refusal)
                    continue
            chosen.append(_strip(message))
        return chosen

    def remember(self, chosen: list[SaidMessage]) -> None:
        """Remember what the next window needs; call it once the chosen messages are safe."""
        if self._settings.capture == "off":
            return
        self._state.write(self._path, json.dumps(self._kept._asdict()).encode())
        self._known.add(self._session_id, [message.message_id for message in chosen])

    def _is_elsewhere(self, message: SaidMessage) -> bool:
        return message.is_copied or self._known.is_elsewhere(self._session_id, message.message_id)


def _strip(message: SaidMessage) -> SaidMessage:
    """Return a message without the recalled blocks in it."""
    if OPENING not in message.content:
        return message
    return message._replace(content=strip_recalled(message.content))


def _read_kept(path: Path) -> _Kept:
    """Return what was remembered; a default if the file is missing or damaged."""
    try:
        data = json.loads(path.read_bytes())
        return _Kept(tuple(map(str, data["lines"])), int(data["seq"]), bool(data["was_asked"]))
    except (OSError, ValueError, KeyError, TypeError):
        return _Kept()
