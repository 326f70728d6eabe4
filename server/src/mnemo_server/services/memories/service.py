"""Stores, reads, updates and deletes single memories."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from mnemos_contract.errors import MemoryNotFound, VersionConflict
from mnemos_contract.memories import Memory
from mnemos_contract.writing import StoreRequest, StoreResponse, UpdateRequest

from mnemo_server.domain.clock import Clock
from mnemo_server.domain.idempotency import IdempotentRequest, KeptResponse, Response
from mnemo_server.domain.ids import IdSource, decode_id
from mnemo_server.domain.memories.memory import StoredMemory, revise
from mnemo_server.index.resident.cache import SearchIndex
from mnemo_server.index.segments.entries import EntryRow, revision_of
from mnemo_server.services.caller import Caller
from mnemo_server.services.embedding.service import EmbeddingService
from mnemo_server.services.enrichment.scheduler import EnrichmentScheduler
from mnemo_server.services.indexing import index_memory, run_analysis
from mnemo_server.services.memories.drafts import describe_stored, draft_memory, read_changes
from mnemo_server.services.memories.tags import TagSuggester
from mnemo_server.services.memories.wire import to_wire
from mnemo_server.services.redaction.requests import Redactor
from mnemo_server.services.responses import repeat
from mnemo_server.stores.memories.create import MemoryCreator
from mnemo_server.stores.memories.store import MemoryStore
from mnemo_server.stores.records import NoSuchMemory, Stored, WrittenMemory


class MemoryService:
    """Operations on single memories. A change is durable before any of them returns."""

    def __init__(
        self,
        store: MemoryStore,
        creator: MemoryCreator,
        index: SearchIndex,
        embedding: EmbeddingService,
        suggester: TagSuggester,
        *,
        redactor: Redactor,
        scheduler: EnrichmentScheduler,
        ids: IdSource,
        clock: Clock,
    ) -> None:
        self._store = store
        self._creator = creator
        self._index = index
        self._embedding = embedding
        self._suggester = suggester
        self._redactor = redactor
        self._scheduler = scheduler
        self._ids = ids
        self._clock = clock

    async def store(
        self, caller: Caller, request: StoreRequest, once: IdempotentRequest | None
    ) -> Response[StoreResponse]:
        """Store one memory; a request whose Idempotency-Key was used before gets the same response again.

        A repeat of what a memory already says is not stored again. Older memories are superseded as
        requested.

        Raises:
            IdempotencyMismatch: the key was used for another body.
            MemoryNotFound: there is no active memory with the id in `replaces`.
        """
        request, taken = await self._redactor.clean_store(request)
        now, memory_id = self._clock(), self._ids.new_id()
        content = request.content or ""
        drafted = await run_analysis(
            lambda: draft_memory(caller, request, memory_id=memory_id, now=now), len(content)
        )
        suggested = await self._suggester.suggest(drafted.memory) if request.suggest_tags else None
        # Dated after the analysis: other servers look back only a limited time for changes that weren't
        # committed yet.
        written = replace(drafted, entry=drafted.entry._replace(changed_at=self._clock()))

        def respond(stored: Stored) -> StoreResponse:
            enrichment = self._scheduler.describe(caller.tenant_id, stored.job_id)
            return describe_stored(request, stored, enrichment, suggested, taken)

        created = await self._create(caller, request, written, respond, once)
        if isinstance(created, KeptResponse):
            return repeat(created, once, StoreResponse)
        stored, response = created
        self._index.note(caller.tenant_id, stored.entries)
        if stored.is_new:
            self._embedding.note((WrittenMemory(stored.memory, stored.entries[0]),))
        self._scheduler.note(caller.tenant_id, stored.job_id)
        return response

    async def get(self, caller: Caller, memory_id: str) -> Memory:
        """Read one active memory.

        Raises:
            MemoryNotFound: there is no active memory with this id.
        """
        number = decode_id(memory_id)
        memory = None if number is None else await self._store.find(caller.tenant_id, number)
        if memory is None:
            raise MemoryNotFound
        return to_wire(memory)

    async def update(
        self, caller: Caller, memory_id: str, request: UpdateRequest, expected_version: int | None
    ) -> Memory:
        """Apply an update to a memory as its next version.

        Raises:
            MemoryNotFound: there is no active memory with this id.
            VersionConflict: the current version isn't the expected one; the error's `current` is the memory.
        """
        request, _ = await self._redactor.clean_update(request)
        changes = read_changes(request)

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
        shown = to_wire(written.memory)
        if not request.suggest_tags:
            return shown
        suggested = await self._suggester.suggest(written.memory)
        return shown.model_copy(update={"suggested_tags": suggested or None})

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
        """Delete some memories and return how many changed; unknown ids are ignored."""
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

    async def _create(
        self,
        caller: Caller,
        request: StoreRequest,
        written: WrittenMemory,
        respond: Callable[[Stored], StoreResponse],
        once: IdempotentRequest | None,
    ) -> tuple[Stored, Response[StoreResponse]] | KeptResponse:
        replaces = decode_id(request.replaces.strip()) if request.replaces else None
        if request.replaces and replaces is None:
            raise MemoryNotFound
        try:
            job = self._scheduler.request_for_memory(caller.tenant_id, written.memory.id)
            return await self._creator.create(
                written, caller.actor, respond, once, replaces=replaces, job=job
            )
        except NoSuchMemory:
            raise MemoryNotFound from None
