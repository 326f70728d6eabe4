"""OpenCode: what its plugin sends and expects (version 1.18.33)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from mnemos.hooks.events import EventKind, HookEvent, Recalled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mnemos.hooks.said import Cursor, SaidMessage, Window

_KINDS: dict[str, EventKind] = {
    "chat.message": "turn",
    "session.compacted": "compacted",
    "session.idle": "capture",
    "session.compacting": "capture",
    "dispose": "capture",
}


class OpenCodeAdapter:
    """Reads and writes what the plugin for OpenCode says to its hooks."""

    NAME = "opencode"
    AGENT_ID = "opencode"

    def read_event(self, name: str, data: dict[str, object]) -> HookEvent | None:
        """Normalise one event; None for events that are none of ours."""
        kind = _KINDS.get(name)
        if kind is None:
            return None
        fields = {key: value for key, value in data.items() if isinstance(value, str)}
        return HookEvent(
            kind=kind,
            name=name,
            session_id=fields.get("sessionID", ""),
            cwd=fields.get("directory", ""),
            prompt=fields.get("text", ""),
            prompt_id=fields.get("messageID", ""),
            messages=tuple(_read_messages(data.get("messages"))) if kind == "capture" else (),
        )

    def read_window(self, event: HookEvent, cursor: Cursor) -> Window:
        """Give the messages after the last one that is known: ids are OpenCode's own, and each is used once."""
        from mnemos.hooks.handed import read_handed  # noqa: PLC0415 - for captures only

        known = set(cursor.known_ids)
        last = max((i for i, message in enumerate(event.messages) if message.message_id in known), default=-1)
        return read_handed(event.messages[last + 1 :], cursor)

    def format_context(self, event: HookEvent, recalled: Recalled) -> dict[str, object]:
        """Give the plugin both blocks; it knows where they go."""
        return {"system": recalled.session, "prompt": recalled.prompt}

    def format_permission(self, event: HookEvent) -> dict[str, object] | None:
        """OpenCode doesn't ask before it lets the model use a plugin's tools."""
        return None


def _read_messages(messages: object) -> Iterator[SaidMessage]:
    """Give what the user and the model said, oldest first; summaries of the conversation weren't said."""
    from mnemos._generated.recalled import strip_recalled  # noqa: PLC0415 - for captures only
    from mnemos.hooks.said import SaidMessage, cut_content  # noqa: PLC0415

    for message in messages if isinstance(messages, list) else []:
        info, parts = message.get("info"), message.get("parts")
        if not info or info.get("summary") or info.get("role") not in ("user", "assistant"):
            continue
        texts = [strip_recalled(str(part.get("text", ""))) for part in parts if _is_said(part)]
        content = "\n\n".join(text for text in texts if text.strip()).strip()
        if content:
            yield SaidMessage(
                str(info["id"]), str(info["role"]), cut_content(content), _format_time(info.get("time"))
            )


def _is_said(part: dict[str, object]) -> bool:
    return part.get("type") == "text" and not part.get("synthetic") and not part.get("ignored")


def _format_time(times: object) -> str:
    """Write the time of creation, milliseconds since 1970, as RFC 3339; empty when there is none."""
    created = times.get("created") if isinstance(times, dict) else None
    if not isinstance(created, (int, float)):
        return ""
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(created / 1000))
    return f"{moment}.{int(created) % 1000:03d}Z"
