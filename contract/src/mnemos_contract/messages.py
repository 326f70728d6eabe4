"""Messages of a session on the wire."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from mnemos_contract.base import Moment, Name, WireModel
from mnemos_contract.limits import MAX_MESSAGE_BYTES, MAX_MESSAGES_PER_SESSION, MAX_SESSIONS


def _check_message_size(content: str) -> str:
    if len(content.encode()) > MAX_MESSAGE_BYTES:
        raise ValueError(f"too long (max {MAX_MESSAGE_BYTES} bytes)")
    return content


#: Text of one message, at most 200,000 bytes of UTF-8.
MessageContent = Annotated[str, AfterValidator(_check_message_size)]


class Message(WireModel):
    """One message of a session."""

    role: Name
    """Role of the speaker: `user`, `assistant`, `system`, `tool` or any other word."""
    content: MessageContent
    """What was said, at most 200,000 bytes of UTF-8."""
    seq: int | None = Field(default=None, ge=0, lt=1_000_000_000)
    """Position in the transcript, from 0. With positions, messages may arrive in any order."""
    name: Name | None = None
    """Name of the speaker, if known."""
    created_at: Moment | None = None
    """When it was said. Default: when it arrives."""


class SessionMessage(WireModel):
    """One stored message, as session-messages returns it."""

    id: str
    """Id of the message, which is a memory of type `session`."""
    session_id: str
    """Session that it belongs to."""
    seq: int
    """Position in the session, from 0."""
    role: str
    """Role of the speaker."""
    content: str
    """What was said."""
    content_type: str = "text"
    """Always `text`."""
    tags: list[str] = []
    """Its tags."""
    state: str
    """Stage of its life."""
    created_at: Moment
    """When it was said, UTC."""
    updated_at: Moment
    """When it was last changed, UTC."""
    name: str | None = None
    """Name of the speaker, if known."""
    agent_id: str | None = None
    """Agent that captured it."""
    source: str | None = None
    """Where it comes from."""


class SessionMessages(WireModel):
    """Messages of the requested sessions: by session, then in the order in which they were said."""

    messages: list[SessionMessage]
    """The messages."""
    limit_per_session: int
    """Maximum number of messages per session that was used."""


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _positive_limit(value: Any) -> int:
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = 0
    if number <= 0:
        raise ValueError("must be a positive integer")
    return min(number, MAX_MESSAGES_PER_SESSION)


class SessionMessagesQuery(WireModel):
    """Which sessions to read."""

    session_id: Annotated[list[Name], BeforeValidator(_as_list)] = []
    """Id of a session. Repeat it for each session, up to 100 times."""
    limit_per_session: Annotated[int, BeforeValidator(_positive_limit)] = MAX_MESSAGES_PER_SESSION
    """Maximum number of messages per session, at most 500."""

    @model_validator(mode="after")
    def _some_but_not_too_many(self) -> Self:
        if not any(self.session_id):
            raise ValueError("session_id: at least one session_id required")
        if len(set(self.session_id)) > MAX_SESSIONS:
            raise ValueError(f"session_id: too many session_ids: maximum is {MAX_SESSIONS}")
        return self
