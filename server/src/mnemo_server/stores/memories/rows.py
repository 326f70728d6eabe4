"""Rows of `memories` and domain objects, back and forth."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mnemo_server.domain.memories.memory import StoredMemory


def to_row(memory: StoredMemory) -> dict[str, Any]:
    """Give a memory as the parameters of `put_memory` and `update_memory`."""
    return {
        "tenant_id": memory.tenant_id,
        "id": memory.id,
        "content": memory.content,
        "memory_type": memory.memory_type,
        "is_message": int(memory.is_message),
        "state": memory.state,
        "version": memory.version,
        "content_hash": memory.content_hash,
        "source": memory.source,
        "tags": tags_to_json(memory.tags),
        "metadata": memory.metadata,
        "agent_id": memory.agent_id,
        "session_id": memory.session_id,
        "seq": memory.seq,
        "role": memory.role,
        "name": memory.name,
        "project": memory.project,
        "superseded_by": memory.superseded_by,
        "updated_by": memory.updated_by,
        "created_at": memory.created_at,
        "updated_at": memory.updated_at,
        "subject": memory.subject,
        "superseded_at": memory.superseded_at,
        "likeness": memory.likeness,
        "derived_from": json.dumps(memory.derived_from) if memory.derived_from else None,
    }


def to_memory(row: Mapping[str, Any]) -> StoredMemory:
    """Make a memory of a row that holds exactly its columns."""
    lists = {name: tuple(json.loads(row[name] or "[]")) for name in ("tags", "derived_from")}
    return StoredMemory(**{**row, **lists})


def tags_to_json(tags: tuple[str, ...]) -> str | None:
    """Write tags as the JSON of their column; none is null."""
    return json.dumps(tags, ensure_ascii=False) if tags else None
