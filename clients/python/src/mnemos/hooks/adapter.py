"""One adapter per host: from the host's JSON to a hook event, and from recalled text to the host's JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from mnemos.hooks.events import HookEvent, Recalled
    from mnemos.hooks.messages import Cursor, Window


class Adapter:
    """What the runner needs to know about a host; a host overrides what isn't usual."""

    #: The name on the command line.
    NAME: ClassVar[str]
    #: Who writes, unless MNEMOS_AGENT_ID says otherwise.
    AGENT_ID: ClassVar[str]
    #: Whether the host shows a prompt's block once, rather than keeping it in the conversation.
    DROPS_BLOCKS: ClassVar[bool] = False
    #: Whether the host uses a session's id again when the user begins a new conversation.
    REUSES_IDS: ClassVar[bool] = False

    def read_event(self, name: str, data: dict[str, object]) -> HookEvent | None:
        """Return the event in its normalised form; None for one that is none of ours."""
        raise NotImplementedError

    def read_window(self, event: HookEvent, cursor: Cursor) -> Window:
        """Read what was said since the cursor; raises OSError when it can't be read.

        A long conversation takes several windows: go on until one leaves the cursor where it was.
        """
        raise NotImplementedError

    def format_context(self, event: HookEvent, recalled: Recalled) -> dict[str, object]:
        """Write recalled text as the host wants it on standard output."""
        raise NotImplementedError

    def format_permission(self, event: HookEvent) -> dict[str, object] | None:  # noqa: ARG002 - hosts that ask
        """Write the permission to use a tool; None when the tool isn't ours, or the host doesn't ask."""
        return None


def read_strings(data: dict[str, object]) -> dict[str, str]:
    """Return the members of an object that are strings."""
    return {key: value for key, value in data.items() if isinstance(value, str)}


def read_object(value: object) -> dict[str, object]:
    """Return an object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}
