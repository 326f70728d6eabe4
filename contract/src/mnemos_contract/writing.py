"""Requests that store, update and delete memories, and their responses."""

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
    """Reject what the parser reads but JSON has no form for: NaN, Infinity, and 1e400, which is infinite."""
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        raise ValueError("contains a number that isn't finite") from None
    return value


#: Any JSON to keep with a memory.
Metadata = Annotated[JsonValue, AfterValidator(_check_finite)]
#: Text of a memory, at most 50,000 bytes of UTF-8.
Content = Annotated[str | None, AfterValidator(_check_content_size)]


class StoreRequest(WireModel):
    """Store one memory (`content`) or the messages of a session (`messages`), never both."""

    content: Content = None
    """The text, at most 50,000 bytes of UTF-8. Send either this or `messages`."""
    memory_type: Name | None = None
    """`pinned` (no automatic step changes it) or `insight` (the default). Only with content."""
    tags: Tags = []
    """Up to 20 tags; empty ones and repeats are dropped."""
    metadata: Metadata = None
    """Any JSON to keep with the memory."""
    source: Name | None = None
    """Where the memory comes from. Default: the agent."""
    project: Name | None = None
    """Project that the memory belongs to. Absent: it applies everywhere."""
    subject: Name | None = None
    """Key of a fact with one current value, such as `user/employer`. The memory supersedes the current one
    with the same subject in the same project. Only with content."""
    replaces: str | None = None
    """Id of a memory that this one supersedes. Only with content."""
    suggest_tags: bool = False
    """Suggest tags in the response: those of the most similar memories. No tag is set."""
    agent_id: Name | None = None
    """Agent that the memory belongs to. Default: the X-Mnemo-Agent-Id header."""
    session_id: Name | None = None
    """Session that the memory comes from, or that the messages belong to."""
    messages: list[Message] = []
    """Messages of one session. Messages that the session already has are recognised and not stored again."""
    mode: str | None = None
    """Accepted with messages for older clients; has no effect."""
    sync: bool = False
    """Respond with 200 instead of 202. Either way, everything is durable before the response is sent."""

    @property
    def has_content(self) -> bool:
        """Whether this stores one memory rather than messages."""
        return bool(self.content and self.content.strip())

    @property
    def is_pinned(self) -> bool:
        """Whether no automatic step may change the memory."""
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
    """What is now durable. For a pinned memory, the members of the memory are included too, as in mem9."""

    status: Literal["accepted", "ok"]
    """`ok` with `sync`, `accepted` without. Everything is durable in both cases."""
    outcome: Outcome
    """Whether anything new was stored."""
    id: str | None = None
    """With content: id of the memory."""
    memory: Memory | None = None
    """With content: the memory as it is now."""
    stored: int | None = None
    """With messages: number of new messages."""
    duplicates: int | None = None
    """With messages: number of messages that the session already had."""
    session_id: str | None = None
    """With messages: id of their session."""
    superseded: list[str] | None = None
    """Ids of the memories that it superseded."""
    redacted: int | None = None
    """Number of secrets that were redacted before anything was stored."""
    suggested_tags: list[str] | None = None
    """With `suggest_tags`: tags of the most similar memories, best match first."""
    enrichment: Enrichment | None = None
    """Whether a language model will enrich it now or later. Absent: none will."""
    job_id: str | None = None
    """Id of the enrichment job; see GET /jobs/{id}."""


class UpdateRequest(WireModel):
    """Change the fields that are sent, keep the others. Every update creates a version, even an empty one."""

    content: Content = None
    """New text, at most 50,000 bytes of UTF-8. Absent or empty: unchanged."""
    tags: Tags | None = None
    """Up to 20 tags that replace all tags. Absent or null: unchanged; an empty list clears them."""
    metadata: Metadata = None
    """New metadata. Absent: unchanged; null clears it."""
    source: Name | None = None
    """Where the memory comes from. Absent: unchanged."""
    suggest_tags: bool = False
    """Suggest tags in the response, as when storing."""
    expected_version: int | None = Field(default=None, ge=1)
    """Update only if this is the current version; otherwise the response is 412."""

    @property
    def changes_metadata(self) -> bool:
        """Whether metadata was sent at all; null clears it."""
        return "metadata" in self.model_fields_set


class BatchDeleteRequest(WireModel):
    """Memories to delete."""

    ids: list[str] = []
    """1 to 1,000 ids, counted before empty ones and repeats are dropped."""

    @model_validator(mode="after")
    def _some_but_not_too_many(self) -> Self:
        if len(self.ids) > MAX_BATCH_IDS:
            raise ValueError(f"ids: too many (max {MAX_BATCH_IDS})")
        if not any(item.strip() for item in self.ids):
            raise ValueError("ids: required")
        return self


class BatchDeleteResponse(WireModel):
    """What a batch-delete did."""

    deleted: int
    """Number of memories deleted, without unknown and already deleted ones."""
