"""Events of hosts, in one form for all hosts.

The values of this package are named tuples: `dataclasses` costs every hook 6 ms of imports.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from mnemos.hooks.messages import SaidMessage

#: `turn` is a prompt in a host that doesn't report when a session begins: it returns both blocks. `compacted`
#: means that a summary replaced earlier prompts and what was recalled with them.
EventKind = Literal["session_start", "prompt", "turn", "compacted", "tool_permission", "capture"]


class HookEvent(NamedTuple):
    """One event of a host. A text that the host didn't send is empty."""

    kind: EventKind
    #: The host's own name for the event.
    name: str
    session_id: str = ""
    #: The folder the user works in.
    cwd: str = ""
    #: Where the host keeps the conversation, as JSON lines.
    transcript_path: str = ""
    #: What the user wrote, for `prompt` and `turn`.
    prompt: str = ""
    #: The host's own id of this prompt; a retry has the same id.
    prompt_id: str = ""
    #: Whether an earlier session continues, for `session_start`.
    is_resumed: bool = False
    #: Whether it continues after a compaction.
    is_compacted: bool = False
    #: The tool the model wants to use, for `tool_permission`.
    tool_name: str = ""
    #: The conversation so far, if the host passes it, for `capture`.
    messages: tuple[SaidMessage, ...] = ()
    #: Whether the conversation ends here and its session continues with another one, for `capture`.
    ends_conversation: bool = False


class Recalled(NamedTuple):
    """The text to show to the model; empty for nothing."""

    #: The same for the whole session.
    session: str = ""
    #: For the newest prompt.
    prompt: str = ""
