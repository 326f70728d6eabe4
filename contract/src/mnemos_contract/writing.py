"""What is sent to store, update and delete memories, and what is answered."""

from __future__ import annotations

import json
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, JsonValue, model_validator

from mnemos_contract.base import Name, Tags, WireModel
from mnemos_contract.jobs import Enrichment
from mnemos_contract.limits import (
    MAX_BATCH_IDS,
    MAX_CONTENT_BYTES,
)
from mnemos_contract.memories import Memory, MemoryType, Outcome
from mnemos_contract.messages import Message


def _check_content_size(content: str | None) -> str | None:
    if content is not None and len(content.encode()) > MAX_CONTENT_BYTES:
        raise ValueError(f"too long (max {MAX_CONTENT_BYTES} bytes)")
    return content


def _check_finite(value: JsonValue) -> JsonValue:
    """Refuse what the parser reads but JSON can't write: NaN, Infinity, and 1e400, which becomes infinite."""
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        raise ValueError("has a number that isn't finite") from None
    return value


#: Any JSON to keep with a memory.
Metadata = Annotated[JsonValue, AfterValidator(_check_finite)]
#: Text of a memory, at most 50,000 bytes of UTF-8.
Content = Annotated[str | None, AfterValidator(_check_content_size)]


class StoreRequest(WireModel):
    """Store one memory (`content`) or the messages of a session (`messages`), never both."""

    content: Content = None
    """The text, at most 50,000 bytes of UTF-8. Give this or `messages`."""
    memory_type: Name | None = None
    """`pinned` (stays as it is) or `insight` (the default); only with content."""
    tags: Tags = []
    """Up to 20; empty ones and repeats are dropped."""
    metadata: Metadata = None
    """Any JSON to keep with it."""
    source: Name | None = None
    """Where it comes from; default: the agent."""
    project: Name | None = None
    """The project it belongs to; absent: known everywhere."""
    subject: Name | None = None
    """What it says something about, such as `user/employer`: it takes the place of the memory that said
    something about the same before, in the same project. Only with content."""
    replaces: str | None = None
    """Id of a memory whose place it takes. Only with content."""
    suggest_tags: bool = False
    """Suggest tags in the answer: those of the memories nearest to it. None of them is set."""
    agent_id: Name | None = None
    """The agent it belongs to; default: the X-Mnemo-Agent-Id header."""
    session_id: Name | None = None
    """The session it comes from, or that the messages belong to."""
    messages: list[Message] = []
    """Messages of one session. What the session already holds is recognised and not stored twice."""
    mode: str | None = None
    """Accepted with messages for older clients; it changes nothing."""
    sync: bool = False
    """Answer 200 instead of 202. Either way the answer comes when everything is durable."""

    @property
    def has_content(self) -> bool:
        """Whether this stores one memory rather than messages."""
        return bool(self.content and self.content.strip())

    @property
    def is_pinned(self) -> bool:
        """Whether the memory is to stay exactly as it is."""
        return self.memory_type == MemoryType.PINNED

    @model_validator(mode="after")
    def _one_of_content_and_messages(self) -> Self:
        if self.messages and self.has_content:
            raise ValueError("body: provide either content or messages, not both")
        if self.messages and self.memory_type:
            raise ValueError("memory_type: memory_type is only allowed with content, not messages")
        for name in ("subject", "replaces"):
            if self.messages and getattr(self, name):
                raise ValueError(f"{name}: {name} is only allowed with content, not messages")
        if not self.messages and not self.has_content:
            raise ValueError("content: content or messages required")
        if self.has_content and self.mode:
            raise ValueError("body: content mode does not accept mode")
        if self.memory_type and self.memory_type not in (MemoryType.PINNED, MemoryType.INSIGHT):
            raise ValueError(
                f'memory_type: unsupported value "{self.memory_type}"; '
                'only "pinned" and "insight" can be stored as content'
            )
        return self


class StoreResponse(WireModel):
    """What is now durable. With a pinned memory its members stand beside these, as mem9 answers."""

    status: Literal["accepted", "ok"]
    """`ok` when `sync` was asked for, `accepted` otherwise. Everything is durable in both cases."""
    outcome: Outcome
    """Whether anything new was stored."""
    id: str | None = None
    """The id of the memory, when one was stored."""
    memory: Memory | None = None
    """The memory as it is now, when one was stored."""
    stored: int | None = None
    """With messages: how many were new."""
    duplicates: int | None = None
    """With messages: how many were there already."""
    session_id: str | None = None
    """With messages: the session they are in."""
    superseded: list[str] | None = None
    """Ids of the memories whose place it took."""
    redacted: int | None = None
    """How many secrets were taken out before anything was stored."""
    suggested_tags: list[str] | None = None
    """Tags of the nearest memories, the most fitting first, when asked for."""
    enrichment: Enrichment | None = None
    """Whether a language model will look at it now or later; absent: none will."""
    job_id: str | None = None
    """The job that does, to be asked for at /jobs."""


class UpdateRequest(WireModel):
    """Change what is sent, keep what isn't. Every update makes a new version, an empty one too."""

    content: Content = None
    """The new text, at most 50,000 bytes of UTF-8. Absent or empty: unchanged."""
    tags: Tags | None = None
    """All tags from now on, up to 20. Absent or null: unchanged; an empty list clears them."""
    metadata: Metadata = None
    """Absent: unchanged; null clears it."""
    source: Name | None = None
    """Where it comes from. Absent: unchanged."""
    suggest_tags: bool = False
    """Suggest tags in the answer, as when storing."""
    expected_version: int | None = Field(default=None, ge=1)
    """Enforced: another current version answers 412."""

    @property
    def changes_metadata(self) -> bool:
        """Whether metadata was sent at all; null clears it."""
        return "metadata" in self.model_fields_set


class BatchDeleteRequest(WireModel):
    """Ids to delete: up to 1,000, counted before empty ones and repeats are dropped."""

    ids: list[str] = []
    """1 to 1,000 ids."""

    @model_validator(mode="after")
    def _some_but_not_too_many(self) -> Self:
        if len(self.ids) > MAX_BATCH_IDS:
            raise ValueError(f"ids: too many (max {MAX_BATCH_IDS})")
        if not any(item.strip() for item in self.ids):
            raise ValueError("ids: required")
        return self


class BatchDeleteResponse(WireModel):
    """How many memories changed state; unknown and already deleted ones don't count."""

    deleted: int
    """How many there are fewer now."""
