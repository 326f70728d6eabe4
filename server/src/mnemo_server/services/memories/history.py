"""Shows the history of a memory, and restores memories."""

from __future__ import annotations

import json
from typing import Any, Final

from mnemos_contract.errors import MemoryNotFound, VersionNotFound
from mnemos_contract.history import Change, History, RestoreRequest
from mnemos_contract.memories import Memory

from mnemo_server.domain.clock import to_datetime
from mnemo_server.domain.idempotency import IdempotentRequest, KeptResponse, Response
from mnemo_server.domain.ids import decode_id
from mnemo_server.domain.memories.memory import StoredMemory
from mnemo_server.domain.memories.past import bring_back, reconstruct
from mnemo_server.index.resident.cache import SearchIndex
from mnemo_server.services.caller import Caller
from mnemo_server.services.embedding.service import EmbeddingService
from mnemo_server.services.indexing import index_memory
from mnemo_server.services.memories.wire import to_wire
from mnemo_server.services.redaction.requests import Redactor
from mnemo_server.services.redaction.stored import scrub_memory
from mnemo_server.services.responses import repeat
from mnemo_server.stores.memories.history import HistoryStore
from mnemo_server.stores.memories.restore import MemoryRestorer
from mnemo_server.stores.records import Event, NoSuchMemory, NoSuchVersion, WrittenMemory

#: Maximum number of changes in a history.
MAX_CHANGES: Final = 200


class HistoryService:
    """Operations on the past of a memory."""

    def __init__(
        self,
        store: HistoryStore,
        restorer: MemoryRestorer,
        index: SearchIndex,
        embedding: EmbeddingService,
        redactor: Redactor,
    ) -> None:
        self._redactor = redactor
        self._store = store
        self._restorer = restorer
        self._index = index
        self._embedding = embedding

    async def read(self, caller: Caller, memory_id: str) -> History:
        """Read a memory in any state with its latest changes, latest first.

        Raises:
            MemoryNotFound: there never was such a memory.
        """
        number = decode_id(memory_id)
        found = None
        if number is not None:
            found = await self._store.find_history(caller.tenant_id, number, MAX_CHANGES)
        if found is None:
            raise MemoryNotFound
        memory, events = found
        changes = [_to_change(memory, event) for event in events]
        return History.model_construct(memory=to_wire(memory), changes=changes)

    async def restore(
        self, caller: Caller, memory_id: str, request: RestoreRequest, once: IdempotentRequest | None
    ) -> Response[Memory]:
        """Make a memory current again, as a new version.

        A request whose Idempotency-Key was used before gets the same response again.

        Raises:
            MemoryNotFound: there never was such a memory.
            VersionNotFound: the memory never had this version.
            IdempotencyMismatch: the key was used for another request.
        """

        def revive(current: StoredMemory, earlier: StoredMemory | None, now: int) -> WrittenMemory:
            memory = bring_back(current, earlier, agent_id=caller.agent_id, now=now)
            scrubber = self._redactor.open_scrubber()
            # Versions stored before redaction was switched on may contain secrets.
            return index_memory(memory if scrubber is None else scrub_memory(memory, scrubber))

        number = decode_id(memory_id)
        if number is None:
            raise MemoryNotFound
        try:
            outcome = await self._restorer.restore(
                caller.tenant_id,
                number,
                request.version,
                caller.actor,
                revive=revive,
                respond=to_wire,
                once=once,
            )
        except NoSuchMemory:
            raise MemoryNotFound from None
        except NoSuchVersion:
            raise VersionNotFound from None
        if isinstance(outcome, KeptResponse):
            return repeat(outcome, once, Memory)
        restored, response = outcome
        self._index.note(caller.tenant_id, restored.entries)
        if not restored.entries[0].model_id:
            self._embedding.note((WrittenMemory(restored.memory, restored.entries[0]),))
        return response


def _to_change(memory: StoredMemory, event: Event) -> Change:
    before: dict[str, Any] | None = None
    if event.prior is not None:
        shown = to_wire(reconstruct(memory, event.prior))
        before = shown.model_dump(mode="json", exclude_none=True, exclude={"id", "created_at"})
    return Change.model_construct(
        action=event.action,
        version=event.version,
        happened_at=to_datetime(event.happened_at),
        agent_id=event.agent_id,
        before=before,
        detail=None if event.detail is None else json.loads(event.detail),
    )
