"""One adapter per host: translates the host's JSON to a hook event, and recalled text to the host's JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from mnemos.hooks.events import HookEvent, Recalled
    from mnemos.hooks.messages import Cursor, Window


class Adapter:
    """What the runner needs to know about a host; a host overrides what differs from the default."""

    #: The name on the command line.
    NAME: ClassVar[str]
    #: The agent that writes, unless MNEMOS_AGENT_ID is set.
    AGENT_ID: ClassVar[str]
    #: Whether the host shows a prompt's block only once and doesn't keep it in the conversation.
    DROPS_BLOCKS: ClassVar[bool] = False
    #: Whether the host reuses a session's id when the user begins a new conversation.
    REUSES_IDS: ClassVar[bool] = False

    def read_event(self, name: str, data: dict[str, object]) -> HookEvent | None:
        """Return the event in its normalised form; None for an event that hooks don't handle."""
        raise NotImplementedError

    def read_window(self, event: HookEvent, cursor: Cursor) -> Window:
        """Return what was said since the cursor; raises OSError if it can't be read.

        A long conversation takes several windows: read on until a window doesn't move the cursor.
        """
        raise NotImplementedError

    def format_context(self, event: HookEvent, recalled: Recalled) -> dict[str, object]:
        """Return recalled text in the form that the host expects on standard output."""
        raise NotImplementedError

    def format_permission(self, event: HookEvent) -> dict[str, object] | None:  # noqa: ARG002 - hosts that ask
        """Return the permission to use a tool; None if it isn't our tool, or the host doesn't ask."""
        return None


def read_strings(data: dict[str, object]) -> dict[str, str]:
    """Return the fields of an object whose values are strings."""
    return {key: value for key, value in data.items() if isinstance(value, str)}


def read_object(value: object) -> dict[str, object]:
    """Return the value if it is an object, otherwise an empty object."""
    return value if isinstance(value, dict) else {}
