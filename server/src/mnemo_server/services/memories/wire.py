"""Converts stored memories to API models."""

from __future__ import annotations

import json

from mnemos_contract.memories import Memory, MemoryState, MemoryType
from mnemos_contract.messages import SessionMessage
from mnemos_contract.writing import StoreResponse
from pydantic import JsonValue

from mnemo_server.domain.age import relative_age
from mnemo_server.domain.clock import to_datetime
from mnemo_server.domain.ids import encode_id
from mnemo_server.domain.memories.memory import StoredMemory


class PinnedResponse(StoreResponse, Memory):
    """The response to storing a pinned memory: it also has the members of the memory, as in mem9."""

    id: str
    session_id: str | None = None

    @classmethod
    def of(cls, memory: Memory, response: StoreResponse) -> PinnedResponse:
        """Add the members of a memory to a response; where both have a member, the response's value wins."""
        present = {name: value for name, value in response if value is not None}
        return cls.model_construct(**dict(memory) | present)


def to_wire(memory: StoredMemory, *, now: int | None = None, score: float | None = None) -> Memory:
    """Convert a memory; `now` adds its age in words, `score` (0-1) its score and confidence (0-100)."""
    return Memory.model_construct(
        id=encode_id(memory.id),
        content=memory.content,
        memory_type=MemoryType(memory.memory_type),
        state=MemoryState(memory.state),
        version=memory.version,
        created_at=to_datetime(memory.created_at),
        updated_at=to_datetime(memory.updated_at),
        tags=list(memory.tags) or None,
        metadata=_metadata(memory),
        source=memory.source or None,
        agent_id=memory.agent_id or None,
        session_id=memory.session_id or None,
        project=memory.project or None,
        updated_by=memory.updated_by or None,
        subject=memory.subject or None,
        superseded_by=None if memory.superseded_by is None else encode_id(memory.superseded_by),
        superseded_at=None if memory.superseded_at is None else to_datetime(memory.superseded_at),
        derived_from=[encode_id(one) for one in memory.derived_from] or None,
        relative_age=None if now is None else relative_age(memory.updated_at, now),
        score=None if score is None else round(score, 6),
        confidence=None if score is None else round(score * 100),
    )


def to_session_message(memory: StoredMemory) -> SessionMessage:
    """Convert a message to the model of `/session-messages`."""
    return SessionMessage.model_construct(
        id=encode_id(memory.id),
        session_id=memory.session_id or "",
        seq=memory.seq or 0,
        role=memory.role or "",
        content=memory.content,
        content_type="text",
        tags=list(memory.tags),
        state=memory.state,
        created_at=to_datetime(memory.created_at),
        updated_at=to_datetime(memory.updated_at),
        name=memory.name or None,
        agent_id=memory.agent_id or None,
        source=memory.source or None,
    )


def _metadata(memory: StoredMemory) -> JsonValue:
    """Return the caller's metadata, or for a message its position in the session, as mem9 does."""
    if memory.metadata is not None:
        metadata: JsonValue = json.loads(memory.metadata)
        return metadata
    if not memory.is_message:
        return None
    position: dict[str, JsonValue] = {"role": memory.role, "seq": memory.seq, "content_type": "text"}
    return position | {"name": memory.name} if memory.name else position
