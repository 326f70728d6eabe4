"""One adapter per host: from the host's JSON to a hook event, and from recalled text to the host's JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from mnemos.hooks.events import HookEvent, Recalled
    from mnemos.hooks.messages import Cursor, Window


class Adapter(Protocol):
    """What the runner needs to know about a host."""

    #: The name on the command line.
    NAME: str
    #: Who writes, unless MNEMOS_AGENT_ID says otherwise.
    AGENT_ID: str

    def read_event(self, name: str, data: dict[str, object]) -> HookEvent | None:
        """Give the event its normalised form; None for one that is none of ours."""

    def read_window(self, event: HookEvent, cursor: Cursor) -> Window:
        """Read what was said since the cursor; raises OSError when it can't be read.

        A long conversation takes several windows: go on until one leaves the cursor where it was.
        """

    def format_context(self, event: HookEvent, recalled: Recalled) -> dict[str, object]:
        """Write recalled text as the host wants it on standard output."""

    def format_permission(self, event: HookEvent) -> dict[str, object] | None:
        """Write the permission to use a tool; None when the tool isn't one of ours."""
