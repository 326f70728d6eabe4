"""What happened in a host, in one form for all hosts.

The values of this package are named tuples: `dataclasses` costs every hook 6 ms of imports.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

EventKind = Literal["session_start", "prompt", "tool_permission", "capture"]


class HookEvent(NamedTuple):
    """One event of a host. Text that the host didn't send is empty."""

    kind: EventKind
    #: The host's own name of the event.
    name: str
    session_id: str = ""
    #: The folder the user works in.
    cwd: str = ""
    #: Where the host keeps the conversation, as JSON lines.
    transcript_path: str = ""
    #: What the user wrote, for `prompt`.
    prompt: str = ""
    #: Whether the session went on rather than began, for `session_start`.
    is_resumed: bool = False
    #: The tool the model wants to use, for `tool_permission`.
    tool_name: str = ""
