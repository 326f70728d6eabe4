"""Turns a store request into a memory, and the outcome into the response."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from mnemos_contract.jobs import Enrichment
from mnemos_contract.memories import MemoryType, Outcome
from mnemos_contract.writing import StoreRequest, StoreResponse, UpdateRequest

from mnemo_server.domain.ids import encode_id
from mnemo_server.domain.memories.memory import ACTIVE, Changes, StoredMemory, hash_content, likeness_of
from mnemo_server.services.caller import Caller
from mnemo_server.services.indexing import index_memory
from mnemo_server.services.memories.wire import PinnedResponse, to_wire
from mnemo_server.stores.records import Stored, WrittenMemory


def draft_memory(caller: Caller, request: StoreRequest, *, memory_id: int, now: int) -> WrittenMemory:
    """Return the memory that a request describes, analysed for search."""
    content = request.content or ""
    agent_id = request.agent_id or caller.agent_id
    memory = StoredMemory(
        tenant_id=caller.tenant_id,
        id=memory_id,
        content=content,
        memory_type=(MemoryType.PINNED if request.is_pinned else MemoryType.INSIGHT).value,
        state=ACTIVE,
        version=1,
        content_hash=hash_content(content),
        created_at=now,
        updated_at=now,
        source=request.source or agent_id,
        tags=tuple(request.tags),
        metadata=_write_metadata(request),
        agent_id=agent_id,
        session_id=request.session_id or caller.session_id,
        project=request.project or caller.project,
        subject=request.subject or None,
        updated_by=agent_id,
    )
    return index_memory(replace(memory, likeness=likeness_of(memory)))


def describe_stored(
    request: StoreRequest,
    stored: Stored,
    enrichment: Enrichment | None,
    suggested: Sequence[str] | None,
    taken: int,
) -> StoreResponse:
    """Return the response to a store request from which `taken` secrets were redacted.

    Clients of mem9 expect the members of a pinned memory next to the others.
    """
    shown = to_wire(stored.memory)
    response = StoreResponse(
        status="ok" if request.sync else "accepted",
        outcome=name_outcome(is_new=stored.is_new, taken=taken),
        redacted=taken or None,
        id=shown.id,
        memory=shown,
        superseded=[encode_id(one) for one in stored.superseded] or None,
        suggested_tags=list(suggested or ()) or None,
        enrichment=enrichment,
        job_id=None if stored.job_id is None else encode_id(stored.job_id),
    )
    return PinnedResponse.of(shown, response) if request.is_pinned else response


def name_outcome(*, is_new: bool, taken: int) -> Outcome:
    """Return the outcome of a store."""
    if not is_new:
        return Outcome.DUPLICATE
    return Outcome.REDACTED if taken else Outcome.CREATED


def read_changes(request: UpdateRequest) -> Changes:
    """Return the changes that an update makes."""
    return Changes(
        content=request.content or None,
        tags=None if request.tags is None else tuple(request.tags),
        metadata=_write_metadata(request),
        clears_metadata=request.changes_metadata and request.metadata is None,
        source=request.source or None,
    )


def _write_metadata(request: StoreRequest | UpdateRequest) -> str | None:
    """Return metadata as JSON for its column; None if it is null or absent."""
    return None if request.metadata is None else json.dumps(request.metadata, ensure_ascii=False)
