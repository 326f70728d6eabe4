"""Converts between rows of `memories` and domain objects."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from mnemo_server.domain.memories.fields import TUPLES
from mnemo_server.domain.memories.memory import MEMORY_FIELDS, StoredMemory

#: Fields that are stored as JSON arrays.
_TUPLES: Final = tuple(name for name, rule in MEMORY_FIELDS.items() if rule.content in TUPLES)


def to_row(memory: StoredMemory) -> dict[str, Any]:
    """Return a memory as the parameters of `put_memory` and `update_memory`."""
    row = {name: getattr(memory, name) for name in MEMORY_FIELDS}
    arrays = {name: _to_json(row[name]) for name in _TUPLES}
    return {**row, **arrays, "is_message": int(memory.is_message)}


def to_memory(row: Mapping[str, Any]) -> StoredMemory:
    """Return the memory in a row of exactly its columns."""
    arrays = {name: tuple(json.loads(row[name] or "[]")) for name in _TUPLES}
    return StoredMemory(**{**row, **arrays})


def _to_json(values: Sequence[str | int]) -> str | None:
    """Return the JSON array for a column; None if it is empty."""
    return json.dumps(values, ensure_ascii=False) if values else None
