"""What happened in a host, in one form for all hosts.

The values of this package are named tuples: `dataclasses` costs every hook 6 ms of imports.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from mnemos.hooks.messages import SaidMessage

#: `turn` is a prompt in a host that doesn't tell when a session begins: it brings both blocks. `compacted`
#: tells that earlier prompts, and what was recalled with them, were replaced by a summary.
EventKind = Literal["session_start", "prompt", "turn", "compacted", "tool_permission", "capture"]


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
    #: What the user wrote, for `prompt` and `turn`.
    prompt: str = ""
    #: The host's own id of this prompt; a retry has the same.
    prompt_id: str = ""
    #: Whether the session went on rather than began, for `session_start`.
    is_resumed: bool = False
    #: Whether that was after a compaction.
    is_compacted: bool = False
    #: The tool the model wants to use, for `tool_permission`.
    tool_name: str = ""
    #: The conversation so far, where the host hands it over, for `capture`.
    messages: tuple[SaidMessage, ...] = ()
    #: Whether this ends a conversation whose session goes on with another one, for `capture`.
    ends_conversation: bool = False


class Recalled(NamedTuple):
    """What the model is to be given; empty for nothing."""

    #: The same through a whole session.
    session: str = ""
    #: What belongs to the newest prompt.
    prompt: str = ""
