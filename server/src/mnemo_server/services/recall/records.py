"""Converts stored records of recalls to API models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mnemos_contract.recalls import ConsideredMemory, LeftOut, Recall, Silence

from mnemo_server.domain.clock import to_datetime
from mnemo_server.domain.ids import encode_id
from mnemo_server.domain.memories.memory import StoredMemory
from mnemo_server.domain.recall.passages import to_line
from mnemo_server.stores.recalls import Considered, RecallRecord

_SHOWN_CHARACTERS: Final = 500


def to_recall(record: RecallRecord, memories: Mapping[int, StoredMemory]) -> Recall:
    """Convert a record; `memories` are those of its memories that are still active, by id."""
    return Recall(
        id=encode_id(record.id),
        created_at=to_datetime(record.created_at),
        event=record.event,
        prompt=record.prompt,
        session_id=record.session_id,
        project=record.project,
        agent_id=record.agent_id,
        silence=None if record.silence is None else Silence(record.silence),
        tokens=record.tokens,
        elapsed_ms=record.elapsed_ms,
        memories=[_to_considered(one, memories.get(one.memory_id)) for one in record.considered],
    )


def _to_considered(one: Considered, memory: StoredMemory | None) -> ConsideredMemory:
    return ConsideredMemory(
        memory_id=encode_id(one.memory_id),
        confidence=one.confidence,
        left_out=None if one.left_out is None else LeftOut(one.left_out),
        content=None
        if memory is None
        else to_line(memory.content[: 2 * _SHOWN_CHARACTERS])[:_SHOWN_CHARACTERS],
    )
