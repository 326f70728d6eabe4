"""One adapter per host: from the host's JSON to a hook event, and from recalled text to the host's JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from mnemos.hooks.events import HookEvent


class Adapter(Protocol):
    """What the runner needs to know about a host."""

    #: The name on the command line.
    NAME: str
    #: Who writes, unless MNEMOS_AGENT_ID says otherwise.
    AGENT_ID: str

    def read_event(self, name: str, data: dict[str, object]) -> HookEvent | None:
        """Give the event its normalised form; None for one that is none of ours."""

    def format_context(self, event: HookEvent, context: str) -> dict[str, object]:
        """Write recalled text as the host wants it on standard output."""

    def format_permission(self, event: HookEvent) -> dict[str, object] | None:
        """Write the leave to use a tool; None when the tool isn't one of ours."""


def find_adapter(harness: str) -> Adapter | None:
    """Load the adapter of a host by the name given on the command line."""
    if harness == "claude":
        from mnemos.hooks.adapters.claude import ClaudeAdapter  # noqa: PLC0415 - only the host's own is loaded

        return ClaudeAdapter()
    return None
