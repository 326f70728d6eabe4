"""Claude Code: its hook input and output (read from version 2.1.330)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mnemos.hooks.adapter import Adapter, read_strings
from mnemos.hooks.events import EventKind, HookEvent, Recalled

if TYPE_CHECKING:
    from mnemos.hooks.messages import Cursor, Window

_KINDS: dict[str, EventKind] = {
    "SessionStart": "session_start",
    "UserPromptSubmit": "prompt",
    "PreToolUse": "tool_permission",
    "Stop": "capture",
    "PreCompact": "capture",
    "SessionEnd": "capture",
}
#: The five tools, as Claude Code names those of server `memory` in plugin `mnemos`. Full names, since another
#: server's name can have the same beginning.
OWN_TOOLS = tuple(
    f"mcp__plugin_mnemos_memory__memory_{name}" for name in ("store", "search", "get", "update", "delete")
)


class ClaudeAdapter(Adapter):
    """Reads the input that Claude Code sends to its hooks, and writes their output."""

    NAME = "claude"
    AGENT_ID = "claude-code"

    def read_event(self, name: str, data: dict[str, object]) -> HookEvent | None:
        """Return the event in its normalised form; None for an event that hooks don't handle."""
        kind = _KINDS.get(name)
        if kind is None:
            return None
        fields = read_strings(data)
        return HookEvent(
            kind=kind,
            name=name,
            session_id=fields.get("session_id", ""),
            cwd=fields.get("cwd", ""),
            transcript_path=fields.get("transcript_path", ""),
            prompt=fields.get("prompt", ""),
            prompt_id=fields.get("prompt_id", ""),
            is_resumed=fields.get("source") in ("resume", "compact"),
            is_compacted=fields.get("source") == "compact",
            tool_name=fields.get("tool_name", ""),
        )

    def read_window(self, event: HookEvent, cursor: Cursor) -> Window:
        """Return the next messages of the transcript; none if the event names no transcript."""
        from pathlib import Path  # noqa: PLC0415 - for captures only

        from mnemos.hooks.messages import Window  # noqa: PLC0415
        from mnemos.hosts.claude.transcript import read_window  # noqa: PLC0415 - for captures only

        if not event.transcript_path:
            return Window([], cursor)
        return read_window(Path(event.transcript_path), cursor)

    def format_context(self, event: HookEvent, recalled: Recalled) -> dict[str, object]:
        """Return the output that adds the text to the model's context."""
        context = recalled.session or recalled.prompt
        return {"hookSpecificOutput": {"hookEventName": event.name, "additionalContext": context}}

    def format_permission(self, event: HookEvent) -> dict[str, object] | None:
        """Return the permission to use our own tools, so that the user isn't asked each time."""
        if event.tool_name not in OWN_TOOLS:
            return None
        decision = {"permissionDecision": "allow", "permissionDecisionReason": "the user's own memory"}
        return {"hookSpecificOutput": {"hookEventName": event.name, **decision}}


#: For the registry.
ADAPTER: Final = ClaudeAdapter()
