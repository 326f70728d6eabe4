"""Windows of messages, and the memories that they become."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mnemos_contract.base import to_microseconds
from mnemos_contract.memories import MemoryType
from mnemos_contract.messages import Message
from mnemos_contract.writing import StoreRequest, StoreResponse

from mnemo_server.domain.clock import Clock
from mnemo_server.domain.ids import IdSource, encode_id
from mnemo_server.domain.jobs import JobRequest
from mnemo_server.domain.memories.memory import ACTIVE, StoredMemory, hash_message
from mnemo_server.domain.messages import count_known
from mnemo_server.services.caller import Caller
from mnemo_server.services.enrichment.scheduler import EnrichmentScheduler
from mnemo_server.services.indexing import index_memory
from mnemo_server.services.memories.drafts import name_outcome
from mnemo_server.stores.records import Appended, HeldMessages, WrittenMemory


class Window:
    """Messages that were sent together. Blank messages carry nothing and are left out."""

    def __init__(
        self,
        *,
        caller: Caller,
        request: StoreRequest,
        taken: int,
        session_id: str,
        clock: Clock,
        ids: IdSource,
        scheduler: EnrichmentScheduler,
    ) -> None:
        self.session_id = session_id
        self.now = clock()
        self._clock = clock
        self._caller = caller
        self._request = request
        self._ids = ids
        self._scheduler = scheduler
        self._taken = taken
        self._messages = [message for message in request.messages if message.content.strip()]
        self._hashes = [_fingerprint(message) for message in self._messages]
        self._drafts: list[WrittenMemory] = []

    @property
    def length(self) -> int:
        """Number of messages."""
        return len(self._messages)

    @property
    def characters(self) -> int:
        """Total length of the messages, in characters."""
        return sum(len(message.content) for message in self._messages)

    def draft(self) -> None:
        """Draft a memory of each message, without its id and position, before the session is locked."""
        self._drafts = [index_memory(self._memory(index)) for index in range(len(self._messages))]

    @property
    def seqs(self) -> list[int] | None:
        """The position of each message in the transcript if all have one; None if they must be aligned."""
        seqs = [message.seq for message in self._messages if message.seq is not None]
        return seqs if seqs and len(seqs) == len(self._messages) else None

    def select_new(self, held: HeldMessages) -> list[WrittenMemory]:
        """Return memories of the messages that the session doesn't have yet."""
        if self.seqs is None:
            known = count_known([fingerprint for _, fingerprint in held.fingerprints], self._hashes)
            fresh = range(known, len(self._messages))
            return [self._written(index, held.next_seq + order) for order, index in enumerate(fresh)]
        seen = set(held.fingerprints)
        written = []
        for index, seq in enumerate(self.seqs):
            if (seq, self._hashes[index]) not in seen:
                seen.add((seq, self._hashes[index]))
                written.append(self._written(index, seq))
        return written

    def ask_for_enrichment(self, message_ids: Sequence[int]) -> JobRequest | None:
        """Return the job to request for new messages."""
        return self._scheduler.request_for_session(self._caller.tenant_id, self.session_id, message_ids)

    def describe(self, appended: Appended) -> StoreResponse:
        """Return the response to the window."""
        stored = len(appended.written)
        return StoreResponse(
            status="ok" if self._request.sync else "accepted",
            outcome=name_outcome(is_new=stored > 0, taken=self._taken),
            redacted=self._taken or None,
            stored=stored,
            duplicates=len(self._messages) - stored,
            session_id=self.session_id,
            enrichment=self._scheduler.describe(self._caller.tenant_id, appended.job_id),
            job_id=None if appended.job_id is None else encode_id(appended.job_id),
        )

    def _written(self, index: int, seq: int) -> WrittenMemory:
        """Complete a draft with its id and its position in the session.

        Its search entry is dated now, within the transaction and not before a long analysis: other servers
        look back only a limited time for changes that weren't committed yet.
        """
        draft, memory_id = self._drafts[index], self._ids.new_id()
        return WrittenMemory(
            replace(draft.memory, id=memory_id, seq=seq),
            draft.entry._replace(memory_id=memory_id, seq=seq, changed_at=self._clock()),
        )

    def _memory(self, index: int) -> StoredMemory:
        message = self._messages[index]
        agent_id = self._request.agent_id or self._caller.agent_id
        # So that the messages of one window keep their order in lists sorted by time.
        created_at = self.now + index if message.created_at is None else to_microseconds(message.created_at)
        return StoredMemory(
            tenant_id=self._caller.tenant_id,
            id=0,
            content=message.content,
            memory_type=MemoryType.SESSION.value,
            state=ACTIVE,
            version=1,
            content_hash=self._hashes[index],
            created_at=created_at,
            updated_at=self.now + index,
            source=self._request.source or agent_id,
            tags=tuple(self._request.tags),
            agent_id=agent_id,
            session_id=self.session_id,
            role=message.role,
            name=message.name,
            project=self._request.project or self._caller.project,
            updated_by=agent_id,
        )


def _fingerprint(message: Message) -> bytes:
    said_at = None if message.created_at is None else to_microseconds(message.created_at)
    return hash_message(message.role, message.name, said_at, message.content)
