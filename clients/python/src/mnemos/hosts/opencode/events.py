"""OpenCode: what its plugin sends and expects (version 1.18.33)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mnemos.hooks.adapter import Adapter, read_object, read_strings
from mnemos.hooks.events import EventKind, HookEvent, Recalled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mnemos.hooks.messages import Cursor, SaidMessage, Window

_KINDS: dict[str, EventKind] = {
    "chat.message": "turn",
    "session.compacted": "compacted",
    "session.idle": "capture",
    "session.compacting": "capture",
    "dispose": "capture",
}


class OpenCodeAdapter(Adapter):
    """Reads the input that the OpenCode plugin sends to its hooks, and writes their output."""

    NAME = "opencode"
    AGENT_ID = "opencode"

    def read_event(self, name: str, data: dict[str, object]) -> HookEvent | None:
        """Return the event in its normalised form; None for an event that hooks don't handle."""
        kind = _KINDS.get(name)
        if kind is None:
            return None
        fields = read_strings(data)
        return HookEvent(
            kind=kind,
            name=name,
            session_id=fields.get("sessionID", ""),
            cwd=fields.get("directory", ""),
            prompt=fields.get("text", ""),
            prompt_id=fields.get("messageID", ""),
            messages=tuple(_read_messages(data)) if kind == "capture" else (),
        )

    def read_window(self, event: HookEvent, cursor: Cursor) -> Window:
        """Return the messages after the last known one: ids are OpenCode's own, each used once."""
        from mnemos.hooks.capture.diff import read_new_messages  # noqa: PLC0415 - for captures only

        return read_new_messages(event.messages, cursor, has_unique_ids=True)

    def format_context(
        self,
        event: HookEvent,  # noqa: ARG002 - other hosts want its name
        recalled: Recalled,
    ) -> dict[str, object]:
        """Return both blocks; the plugin knows where to put them."""
        return {"system": recalled.session, "prompt": recalled.prompt}


#: For the registry.
ADAPTER: Final = OpenCodeAdapter()


def _read_messages(data: dict[str, object]) -> Iterator[SaidMessage]:
    """Yield the messages of the user and the model, oldest first.

    Summaries of the conversation are left out. A message older than its session was copied into it. An answer
    that is still being written is left for the next time; one that was never completed is included once
    another message follows it.
    """
    from mnemos.hooks.messages import SaidMessage, cut_content, format_moment  # noqa: PLC0415

    messages, born = data.get("messages"), _read_moment(data.get("createdAt"))
    given = messages if isinstance(messages, list) else []
    for place, message in enumerate(map(read_object, given), 1):
        info = read_object(message.get("info"))
        role, times = info.get("role"), read_object(info.get("time"))
        moment = _read_moment(times.get("created"))
        is_unfinished = role == "assistant" and place == len(given) and "completed" not in times
        if role not in ("user", "assistant") or info.get("summary") or is_unfinished:
            continue
        content = "\n\n".join(_read_texts(message.get("texts"))).strip()
        if content:
            said = SaidMessage(
                str(info.get("id", "")), str(role), cut_content(content), format_moment(moment)
            )
            yield said._replace(is_copied=0 < moment < born)


def _read_texts(texts: object) -> list[str]:
    given = texts if isinstance(texts, list) else []
    return [text for text in given if isinstance(text, str) and text.strip()]


def _read_moment(milliseconds: object) -> int:
    """Return a time in milliseconds since 1970; 0 for anything else."""
    return milliseconds if isinstance(milliseconds, int) else 0
