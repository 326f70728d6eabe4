"""Earlier versions of memories: reconstructed from the event log, and restored as new versions."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from mnemo_server.domain.memories.fields import TUPLES, Content, Rule
from mnemo_server.domain.memories.memory import (
    ACTIVE,
    MEMORY_FIELDS,
    StoredMemory,
    hash_content,
    likeness_of,
    next_version,
)


def reconstruct(memory: StoredMemory, prior: str) -> StoredMemory:
    """Return an earlier version of a memory, as `memory.snapshot` wrote it. It never counts as a repeat."""
    kept: dict[str, Any] = json.loads(prior)
    past: dict[str, Any] = {
        name: _from_json(rule, kept.get(name)) for name, rule in MEMORY_FIELDS.items() if rule.in_snapshot
    }
    content_hash = memory.content_hash if memory.is_message else hash_content(kept["content"])
    return replace(memory, **past, content_hash=content_hash, likeness=None)


def _from_json(rule: Rule, value: Any) -> Any:
    """Return a field's value from what `snapshot` wrote; None for a value that it left out."""
    if rule.content is Content.JSON:
        return None if value is None else json.dumps(value, ensure_ascii=False)
    return tuple(value or ()) if rule.content in TUPLES else value


def bring_back(
    memory: StoredMemory, earlier: StoredMemory | None, *, agent_id: str | None, now: int
) -> StoredMemory:
    """Return the version of a memory that is current again, with the content of an earlier one if given."""
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
