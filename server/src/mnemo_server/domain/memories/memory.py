"""The memory as the server stores it, and the rules for creating and changing one."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final

from mnemos_contract.memories import MemoryState, MemoryType

from mnemo_server.domain.memories.fields import (
    DERIVED,
    FIXED,
    FIXED_NAME,
    IDS,
    JSON,
    NAME,
    NAMES,
    TEXT,
    TUPLES,
    VALUE,
    Content,
    Rule,
    rules_of,
)
from mnemo_server.domain.memories.likeness import fingerprint

ACTIVE: Final = MemoryState.ACTIVE.value
DELETED: Final = MemoryState.DELETED.value


@dataclass(frozen=True, slots=True)
class StoredMemory:
    """One row of `memories`. Times are microseconds UTC; see schema.sql for the columns.

    Each field declares what it contains: see `fields`.
    """

    tenant_id: Annotated[int, FIXED]
    id: Annotated[int, FIXED]
    content: Annotated[str, TEXT]
    memory_type: Annotated[str, VALUE]
    state: Annotated[str, VALUE]
    version: Annotated[int, VALUE]
    content_hash: Annotated[bytes, DERIVED]
    created_at: Annotated[int, FIXED]
    updated_at: Annotated[int, VALUE]
    source: Annotated[str | None, NAME] = None
    tags: Annotated[tuple[str, ...], NAMES] = ()
    metadata: Annotated[str | None, JSON] = None
    """JSON text, exactly as it was received; None for no metadata."""
    agent_id: Annotated[str | None, VALUE] = None
    session_id: Annotated[str | None, NAME] = None
    seq: Annotated[int | None, FIXED] = None
    role: Annotated[str | None, FIXED] = None
    name: Annotated[str | None, FIXED_NAME] = None
    project: Annotated[str | None, NAME] = None
    superseded_by: Annotated[int | None, VALUE] = None
    updated_by: Annotated[str | None, VALUE] = None
    subject: Annotated[str | None, NAME] = None
    superseded_at: Annotated[int | None, VALUE] = None
    likeness: Annotated[bytes | None, DERIVED] = None
    """As `likeness_of` returns it; None where repeats are reported with another memory, or can't occur."""
    derived_from: Annotated[tuple[int, ...], IDS] = ()
    """Ids of the memories and messages that it was derived from."""

    @property
    def is_message(self) -> bool:
        """Whether this is one message of a session."""
        return self.memory_type == MemoryType.SESSION.value

    @property
    def is_current(self) -> bool:
        """Whether it is active and no other memory has superseded it."""
        return self.state == ACTIVE and self.superseded_by is None


#: The rules of all fields, in their order.
MEMORY_FIELDS: Final = rules_of(StoredMemory)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who makes a change, for the event log."""

    agent_id: str | None
    key_id: int | None
    request_id: str | None


@dataclass(frozen=True, slots=True)
class Changes:
    """What an update sets. None keeps a field; metadata is cleared by `clears_metadata`."""

    content: str | None = None
    tags: tuple[str, ...] | None = None
    metadata: str | None = None
    clears_metadata: bool = False
    source: str | None = None


def hash_content(content: str) -> bytes:
    """Return the fingerprint of a memory's text: 32 bytes."""
    return hashlib.sha256(content.encode()).digest()


def hash_message(role: str, name: str | None, created_at: int | None, content: str) -> bytes:
    """Return the fingerprint of a message: speaker, content, and time if the sender set it; 32 bytes."""
    parts = (role, name or "", "" if created_at is None else str(created_at), content)
    return hashlib.sha256("\x00".join(parts).encode()).digest()


def likeness_of(memory: StoredMemory) -> bytes | None:
    """Return the fingerprint of what a memory says; None for messages and for what isn't current."""
    if memory.is_message or not memory.is_current:
        return None
    return fingerprint(
        memory.content,
        memory_type=memory.memory_type,
        project=memory.project,
        subject=memory.subject,
    )


def revise(memory: StoredMemory, changes: Changes, *, agent_id: str | None, now: int) -> StoredMemory:
    """Return the next version of a memory. Every revision is a new version, even when nothing differs."""
    content = changes.content or memory.content
    metadata = None if changes.clears_metadata else (changes.metadata or memory.metadata)
    revised = next_version(
        memory,
        agent_id=agent_id,
        now=now,
        content=content,
        tags=memory.tags if changes.tags is None else changes.tags,
        metadata=metadata,
        source=changes.source or memory.source,
    )
    if content == memory.content:
        return revised
    return replace(revised, content_hash=hash_content(content), likeness=likeness_of(revised))


def supersede(memory: StoredMemory, by: int, *, agent_id: str | None, now: int) -> StoredMemory:
    """Return the version of a memory that another one has superseded. It has no repeats any more."""
    at = max(now, memory.updated_at + 1)
    return next_version(memory, agent_id=agent_id, now=at, superseded_by=by, superseded_at=at, likeness=None)


def next_version(memory: StoredMemory, *, agent_id: str | None, now: int, **fields: Any) -> StoredMemory:
    """Return a memory with other fields as its next version; its times only increase."""
    return replace(
        memory,
        version=memory.version + 1,
        updated_by=agent_id,
        updated_at=max(now, memory.updated_at + 1),
        **fields,
    )


def snapshot(memory: StoredMemory) -> str:
    """Return a memory as the JSON that the event log keeps of its earlier states."""
    fields = {
        name: _to_json(rule, getattr(memory, name))
        for name, rule in MEMORY_FIELDS.items()
        if rule.in_snapshot
    }
    present = {key: value for key, value in fields.items() if value not in (None, [])}
    return json.dumps(present, ensure_ascii=False, separators=(",", ":"))


def _to_json(rule: Rule, value: Any) -> Any:
    """Return a field's value as `snapshot` writes it."""
    if rule.content is Content.JSON:
        return None if value is None else json.loads(value)
    return list(value) if rule.content in TUPLES else value


def describe_repeat(memory: StoredMemory) -> dict[str, Any]:
    """Return what was sent in a repeat of another memory, for that memory's history."""
    fields = {
        "content": memory.content,
        "tags": list(memory.tags),
        "metadata": None if memory.metadata is None else json.loads(memory.metadata),
        "source": memory.source,
        "session_id": memory.session_id,
    }
    return {key: value for key, value in fields.items() if value not in (None, [])}
