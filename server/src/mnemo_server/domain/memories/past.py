"""Memories as they were: read back from what the event log keeps, and brought back as new versions."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Final

from mnemo_server.domain.memories.memory import ACTIVE, StoredMemory, hash_content, likeness_of, next_version

#: Members of a snapshot that a memory has as they stand there.
_PLAIN_MEMBERS: Final = (
    "content",
    "memory_type",
    "state",
    "version",
    "source",
    "agent_id",
    "session_id",
    "project",
    "superseded_by",
    "superseded_at",
    "subject",
    "updated_by",
    "updated_at",
)


def reconstruct(memory: StoredMemory, prior: str) -> StoredMemory:
    """Give an earlier version of a memory, as `memory.snapshot` wrote it. It is no repeat of anything."""
    kept: dict[str, Any] = json.loads(prior)
    metadata = kept.get("metadata")
    plain: dict[str, Any] = {name: kept.get(name) for name in _PLAIN_MEMBERS}
    return replace(
        memory,
        **plain,
        tags=tuple(kept.get("tags", ())),
        derived_from=tuple(kept.get("derived_from", ())),
        metadata=None if metadata is None else json.dumps(metadata, ensure_ascii=False),
        content_hash=memory.content_hash if memory.is_message else hash_content(kept["content"]),
        likeness=None,
    )


def bring_back(
    memory: StoredMemory, earlier: StoredMemory | None, *, agent_id: str | None, now: int
) -> StoredMemory:
    """Give the version of a memory that holds again, whatever became of it: with what an earlier one said."""
    said = earlier or memory
    revived = next_version(
        memory,
        agent_id=agent_id,
        now=now,
        state=ACTIVE,
        superseded_by=None,
        superseded_at=None,
        content=said.content,
        tags=said.tags,
        metadata=said.metadata,
    )
    is_other = not memory.is_message and said.content != memory.content
    content_hash = hash_content(said.content) if is_other else memory.content_hash
    return replace(revived, content_hash=content_hash, likeness=likeness_of(revived))
