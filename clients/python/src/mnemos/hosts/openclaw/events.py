"""OpenClaw: the hooks that our plugin passes on, and what they return (read from version 2026.9.6)."""

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
#: Reasons for which OpenClaw empties a session without a `before_reset`; for others the session continues.
_EMPTIED = ("idle", "daily", "deleted")
#: Triggers of runs that the user didn't start: the host's check of its tasks, and its own memory upkeep.
_UNASKED = ("heartbeat", "memory")
#: Part of the session keys of sub-agents. What an agent writes to them isn't what the user said.
_SUB_AGENT = ":subagent:"


class OpenClawAdapter(Adapter):
    """Reads what OpenClaw passes to the handlers of its hooks, and writes what they return."""

    NAME = "openclaw"
    AGENT_ID = "openclaw"
    DROPS_BLOCKS = True
    REUSES_IDS = True

    def read_event(self, name: str, data: dict[str, object]) -> HookEvent | None:
        """Return the event in its normalised form; None for an event that hooks don't handle."""
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
        """Return the new messages of the conversation that came with the event."""
        from mnemos.hooks.capture.diff import read_new_messages  # noqa: PLC0415 - for captures only

        return read_new_messages(event.messages, cursor)

    def format_context(
        self,
        event: HookEvent,  # noqa: ARG002 - other hosts want its name
        recalled: Recalled,
    ) -> dict[str, object]:
        """Return the result of the handler: a block after the system text, and one after the prompt."""
        blocks = {"appendSystemContext": recalled.session, "appendContext": recalled.prompt}
        return {name: block for name, block in blocks.items() if block}


#: For the registry.
ADAPTER: Final = OpenClawAdapter()


def _is_unasked(kind: EventKind, fields: dict[str, str]) -> bool:
    """Return whether no user started the run; a cron prompt gets a recall but isn't captured: it repeats."""
    trigger = fields.get("trigger")
    if trigger == "cron" and kind == "capture":
        return True
    return trigger in _UNASKED or _SUB_AGENT in fields.get("sessionKey", "")
