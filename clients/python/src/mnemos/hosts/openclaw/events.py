"""OpenClaw: what our plugin hands on of its hooks, and what it is to return (read from version 2026.9.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mnemos.hooks.adapter import Adapter, read_object, read_strings
from mnemos.hooks.events import EventKind, HookEvent, Recalled

if TYPE_CHECKING:
    from mnemos.hooks.messages import Cursor, Window

_KINDS: dict[str, EventKind] = {
    "before_prompt_build": "turn",
    "agent_end": "capture",
    "after_compaction": "compacted",
    "before_reset": "capture",
    "session_end": "capture",
}
#: Reasons for which OpenClaw empties a session without a `before_reset`; after others it goes on as it was.
_EMPTIED = ("idle", "daily", "deleted")
#: Runs that nobody asked for: the host's own look at its tasks, and its own keeping of memories.
_UNASKED = ("heartbeat", "memory")
#: In the session keys of sub-agents. What an agent tells them isn't what the user said.
_SUB_AGENT = ":subagent:"


class OpenClawAdapter(Adapter):
    """Reads and writes what OpenClaw says to the handlers of its hooks."""

    NAME = "openclaw"
    AGENT_ID = "openclaw"
    DROPS_BLOCKS = True
    REUSES_IDS = True

    def read_event(self, name: str, data: dict[str, object]) -> HookEvent | None:
        """Normalise one event; None for events that are none of ours."""
        kind = _KINDS.get(name)
        event, context = read_object(data.get("event")), read_object(data.get("ctx"))
        fields = read_strings(event | context)
        if kind is None or _is_unasked(kind, fields):
            return None
        is_emptied = name == "session_end" and fields.get("reason") in _EMPTIED
        if name == "session_end" and not is_emptied:
            return None
        from mnemos.hosts.openclaw.messages import read_messages, read_prompt  # noqa: PLC0415

        return HookEvent(
            kind=kind,
            name=name,
            session_id=fields.get("sessionId", ""),
            cwd=fields.get("workspaceDir", ""),
            prompt=read_prompt(fields.get("currentUserMessage") or fields.get("prompt", "")),
            prompt_id=fields.get("currentUserMessageId") or fields.get("runId", ""),
            messages=read_messages(event.get("messages")) if kind == "capture" else (),
            ends_conversation=is_emptied or name == "before_reset",
        )

    def read_window(self, event: HookEvent, cursor: Cursor) -> Window:
        """Return what is new of the conversation that came with the event."""
        from mnemos.hooks.capture.diff import read_new_messages  # noqa: PLC0415 - for captures only

        return read_new_messages(event.messages, cursor)

    def format_context(
        self,
        event: HookEvent,  # noqa: ARG002 - other hosts want its name
        recalled: Recalled,
    ) -> dict[str, object]:
        """Write what the handler returns: a block behind the system text, and one behind the prompt."""
        blocks = {"appendSystemContext": recalled.session, "appendContext": recalled.prompt}
        return {name: block for name, block in blocks.items() if block}


#: For the registry.
ADAPTER: Final = OpenClawAdapter()


def _is_unasked(kind: EventKind, fields: dict[str, str]) -> bool:
    """Tell runs that have no user. What a timetable asks is worth a recall, but is the same each time."""
    trigger = fields.get("trigger")
    if trigger == "cron" and kind == "capture":
        return True
    return trigger in _UNASKED or _SUB_AGENT in fields.get("sessionKey", "")
