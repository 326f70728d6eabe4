"""Store, read, update and delete single memories."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from mnemos_contract.errors import IdempotencyMismatch, MemoryNotFound, VersionConflict
from mnemos_contract.memories import Memory, MemoryType, Outcome, StoreRequest, StoreResponse, UpdateRequest

from mnemo_server.domain.clock import Clock
from mnemo_server.domain.ids import IdSource, decode_id
from mnemo_server.domain.memory import ACTIVE, Changes, StoredMemory, hash_content, revise
from mnemo_server.index.cache import SearchIndex
from mnemo_server.index.entries import EntryRow, revision_of
from mnemo_server.services.caller import Caller, IdempotentRequest
from mnemo_server.services.embedding import EmbeddingService
from mnemo_server.services.indexing import index_memory, run_analysis
from mnemo_server.services.wire import to_wire
from mnemo_server.stores.ports import Answer, KeptAnswer, MemoryStore, Receipt, WrittenMemory


class MemoryService:
    """The verbs on single memories. A change is durable before any of them returns."""

    def __init__(
        self,
        store: MemoryStore,
        index: SearchIndex,
        embedding: EmbeddingService,
        ids: IdSource,
        clock: Clock,
    ) -> None:
        self._store = store
        self._index = index
        self._embedding = embedding
        self._ids = ids
        self._clock = clock

    async def store(self, caller: Caller, request: StoreRequest, once: IdempotentRequest | None) -> Answer:
        """Store one memory and give the answer, or the one that its Idempotency-Key got before.

        Raises:
            IdempotencyMismatch: the key was used for another body.
        """
        memory = self._new_memory(caller, request)
        drafted = await run_analysis(lambda: index_memory(memory), len(memory.content))
        # Dated after the analysis: other servers look back only so far for what was still to be committed.
        written = replace(drafted, entry=drafted.entry._replace(changed_at=self._clock()))
        answer = _store_answer(request, written.memory)
        receipt = None if once is None else Receipt(once.key, once.request_hash, answer)
        kept = await self._store.create(written, caller.actor, receipt)
        if kept is not None:
            return same_answer(kept, once)
        self._index.note(caller.tenant_id, (written.entry,))
        self._embedding.note((written,))
        return answer

    async def get(self, caller: Caller, memory_id: str) -> Memory:
        """Read one active memory.

        Raises:
            MemoryNotFound: there is none with this id.
        """
        number = decode_id(memory_id)
        memory = None if number is None else await self._store.find(caller.tenant_id, number)
        if memory is None:
            raise MemoryNotFound
        return to_wire(memory)

    async def update(
        self, caller: Caller, memory_id: str, request: UpdateRequest, expected_version: int | None
    ) -> Memory:
        """Make the next version of a memory from what was sent.

        Raises:
            MemoryNotFound: there is no active memory with this id.
            VersionConflict: the current version isn't the expected one; its `current` is the memory.
        """
        changes = _changes(request)

        def next_version(current: StoredMemory) -> WrittenMemory:
            if expected_version not in (None, current.version):
                raise VersionConflict(
                    expected_version=expected_version,
                    current_version=current.version,
                    current=to_wire(current).model_dump(mode="json", exclude_none=True),
                )
            revised = revise(current, changes, agent_id=caller.agent_id, now=self._clock())
            return index_memory(revised)

        number = decode_id(memory_id)
        if number is None:
            raise MemoryNotFound
        written = await self._store.update(caller.tenant_id, number, next_version, caller.actor)
        if written is None:
            raise MemoryNotFound
        self._index.note(caller.tenant_id, (written.entry,))
        self._embedding.note((written,))
        return to_wire(written.memory)

    async def delete(self, caller: Caller, memory_id: str) -> None:
        """Delete one memory. Deleting it again is no error.

        Raises:
            MemoryNotFound: there never was such a memory.
        """
        number = decode_id(memory_id)
        if number is None:
            raise MemoryNotFound
        deleted = await self._delete(caller, (number,))
        if not deleted and not await self._store.exists(caller.tenant_id, number):
            raise MemoryNotFound

    async def delete_many(self, caller: Caller, memory_ids: Sequence[str]) -> int:
        """Delete some memories and count those that changed; unknown ids are passed over."""
        numbers = {number for memory_id in memory_ids if (number := decode_id(memory_id.strip())) is not None}
        return await self._delete(caller, sorted(numbers)) if numbers else 0

    async def _delete(self, caller: Caller, numbers: Sequence[int]) -> int:
        deleted = await self._store.delete(caller.tenant_id, numbers, caller.actor, self._clock())
        self._index.note(
            caller.tenant_id,
            [
                EntryRow(
                    one.id, revision_of(one.version), one.deleted_at, is_active=False, length=0, terms=b""
                )
                for one in deleted
            ],
        )
        return len(deleted)

    def _new_memory(self, caller: Caller, request: StoreRequest) -> StoredMemory:
        now = self._clock()
        content = request.content or ""
        agent_id = request.agent_id or caller.agent_id
        return StoredMemory(
            tenant_id=caller.tenant_id,
            id=self._ids.new_id(),
            content=content,
            memory_type=(MemoryType.PINNED if request.is_pinned else MemoryType.INSIGHT).value,
            state=ACTIVE,
            version=1,
            content_hash=hash_content(content),
            created_at=now,
            updated_at=now,
            source=request.source or agent_id,
            tags=tuple(request.tags),
            metadata=_metadata_text(request),
            agent_id=agent_id,
            session_id=request.session_id or caller.session_id,
            project=request.project or caller.project,
            updated_by=agent_id,
        )


def same_answer(kept: KeptAnswer, once: IdempotentRequest | None) -> Answer:
    """Give the earlier answer to the same request.

    Raises:
        IdempotencyMismatch: it was another request.
    """
    if once is None or kept.request_hash != once.request_hash:
        raise IdempotencyMismatch
    return kept.answer


def _store_answer(request: StoreRequest, memory: StoredMemory) -> Answer:
    """A pinned memory answers 201 with its own members beside the rest, as clients of mem9 expect."""
    shown = to_wire(memory)
    response = StoreResponse(
        status="ok" if request.sync else "accepted", outcome=Outcome.CREATED, id=shown.id, memory=shown
    )
    if not request.is_pinned:
        return Answer(200 if request.sync else 202, response.to_answer().decode())
    both = shown.model_dump(mode="json", exclude_none=True) | response.model_dump(
        mode="json", exclude_none=True
    )
    return Answer(201, json.dumps(both, ensure_ascii=False))


def _metadata_text(request: StoreRequest | UpdateRequest) -> str | None:
    """Write metadata as it is kept; null is none."""
    return None if request.metadata is None else json.dumps(request.metadata, ensure_ascii=False)


def _changes(request: UpdateRequest) -> Changes:
    return Changes(
        content=request.content or None,
        tags=None if request.tags is None else tuple(request.tags),
        metadata=_metadata_text(request),
        clears_metadata=request.changes_metadata and request.metadata is None,
        source=request.source or None,
    )
