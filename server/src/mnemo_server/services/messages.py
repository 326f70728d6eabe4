"""Store the messages of sessions, each once, and read them back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mnemos_contract.base import to_microseconds
from mnemos_contract.errors import InvalidRequest
from mnemos_contract.limits import MAX_ANSWER_BYTES
from mnemos_contract.memories import MemoryType, StoreRequest, StoreResponse
from mnemos_contract.messages import Message, SessionMessage
from mnemos_contract.recalled import OPENING, strip_recalled

from mnemo_server.domain.alignment import count_known
from mnemo_server.domain.clock import Clock
from mnemo_server.domain.ids import IdSource, encode_id
from mnemo_server.domain.jobs import JobRequest
from mnemo_server.domain.memory import ACTIVE, StoredMemory, hash_message
from mnemo_server.index.cache import SearchIndex
from mnemo_server.services.caller import Caller, IdempotentRequest
from mnemo_server.services.embedding import EmbeddingService
from mnemo_server.services.enrichment_desk import EnrichmentDesk
from mnemo_server.services.indexing import index_memory, run_analysis
from mnemo_server.services.memories import same_answer
from mnemo_server.services.redacting import Redactor
from mnemo_server.services.storing import tell_outcome
from mnemo_server.services.wire import to_session_message
from mnemo_server.stores.ports import (
    Answer,
    Appended,
    HeldMessages,
    KeptAnswer,
    Receipt,
    SessionStore,
    WrittenMemory,
)


class MessageService:
    """The verbs on messages."""

    def __init__(
        self,
        store: SessionStore,
        index: SearchIndex,
        embedding: EmbeddingService,
        *,
        redactor: Redactor,
        desk: EnrichmentDesk,
        ids: IdSource,
        clock: Clock,
    ) -> None:
        self._store = store
        self._redactor = redactor
        self._desk = desk
        self._index = index
        self._embedding = embedding
        self._ids = ids
        self._clock = clock

    async def store(self, caller: Caller, request: StoreRequest, once: IdempotentRequest | None) -> Answer:
        """Place a window of messages in its session; what the session holds already is not stored again.

        Raises:
            IdempotencyMismatch: the Idempotency-Key was used for another body.
        """
        cleaned, taken = await self._redactor.clean_store(
            request.model_copy(update={"messages": _without_recalled(request.messages)})
        )
        window = Window(
            caller=caller,
            request=cleaned,
            taken=taken,
            session_id=cleaned.session_id or caller.session_id or encode_id(self._ids.new_id()),
            clock=self._clock,
            ids=self._ids,
            desk=self._desk,
        )
        await run_analysis(window.draft, window.characters)

        def sign(appended: Appended) -> Receipt:
            assert once is not None  # noqa: S101 - only called with a key
            return Receipt(once.key, once.request_hash, window.answer(appended))

        result = await self._store.append(
            caller.tenant_id,
            window.session_id,
            caller.actor,
            window.now,
            seqs=window.seqs,
            window_length=window.length,
            place=window.place,
            sign=None if once is None else sign,
            job=window.ask_for_enrichment,
        )
        if isinstance(result, KeptAnswer):
            return same_answer(result, once)
        self._index.note(caller.tenant_id, [written.entry for written in result.written])
        self._embedding.note(result.written)
        self._desk.note(caller.tenant_id, result.job_id)
        return window.answer(result)

    async def list_messages(
        self, caller: Caller, session_ids: Sequence[str], limit_per_session: int
    ) -> list[SessionMessage]:
        """Read the latest messages of each session, in the order they were said.

        Raises:
            InvalidRequest: they are too much for one answer.
        """
        wanted = list(dict.fromkeys(filter(None, session_ids)))
        if await self._store.measure_messages(caller.tenant_id, wanted, limit_per_session) > MAX_ANSWER_BYTES:
            reason = f"these messages are longer than {MAX_ANSWER_BYTES} bytes together; ask for fewer"
            raise InvalidRequest(field="limit_per_session", reason=reason)
        messages = await self._store.list_messages(caller.tenant_id, wanted, limit_per_session)
        return [to_session_message(message) for message in messages]


class Window:
    """Messages as they were sent together. Blank ones carry nothing and are left out."""

    def __init__(
        self,
        *,
        caller: Caller,
        request: StoreRequest,
        taken: int,
        session_id: str,
        clock: Clock,
        ids: IdSource,
        desk: EnrichmentDesk,
    ) -> None:
        self.session_id = session_id
        self.now = clock()
        self._clock = clock
        self._caller = caller
        self._request = request
        self._ids = ids
        self._desk = desk
        self._taken = taken
        self._messages = [message for message in request.messages if message.content.strip()]
        self._hashes = [_fingerprint(message) for message in self._messages]
        self._drafts: list[WrittenMemory] = []

    @property
    def length(self) -> int:
        """How many messages there are."""
        return len(self._messages)

    @property
    def characters(self) -> int:
        """How much text there is."""
        return sum(len(message.content) for message in self._messages)

    def draft(self) -> None:
        """Make a memory of every message, but for its id and place, before the session is locked."""
        self._drafts = [index_memory(self._memory(place)) for place in range(len(self._messages))]

    @property
    def seqs(self) -> list[int] | None:
        """Each message's place in the transcript, when every one has it; else they are aligned."""
        seqs = [message.seq for message in self._messages if message.seq is not None]
        return seqs if seqs and len(seqs) == len(self._messages) else None

    def place(self, held: HeldMessages) -> list[WrittenMemory]:
        """Make memories of the messages that the session doesn't hold yet."""
        if self.seqs is None:
            known = count_known([fingerprint for _, fingerprint in held.fingerprints], self._hashes)
            fresh = range(known, len(self._messages))
            return [self._written(place, held.next_seq + order) for order, place in enumerate(fresh)]
        seen = set(held.fingerprints)
        written = []
        for place, seq in enumerate(self.seqs):
            if (seq, self._hashes[place]) not in seen:
                seen.add((seq, self._hashes[place]))
                written.append(self._written(place, seq))
        return written

    def ask_for_enrichment(self, message_ids: Sequence[int]) -> JobRequest | None:
        """Give the job to ask for about new messages."""
        return self._desk.request_for_session(self._caller.tenant_id, self.session_id, message_ids)

    def answer(self, appended: Appended) -> Answer:
        """Say what became of the window."""
        stored = len(appended.written)
        response = StoreResponse(
            status="ok" if self._request.sync else "accepted",
            outcome=tell_outcome(is_new=stored > 0, taken=self._taken),
            redacted=self._taken or None,
            stored=stored,
            duplicates=len(self._messages) - stored,
            session_id=self.session_id,
            enrichment=self._desk.describe(self._caller.tenant_id, appended.job_id),
            job_id=None if appended.job_id is None else encode_id(appended.job_id),
        )
        return Answer(200 if self._request.sync else 202, response.to_answer().decode())

    def _written(self, place: int, seq: int) -> WrittenMemory:
        """Give a draft its id and its place in the session.

        Its search entry is dated now, within the transaction and not before a long analysis: other servers
        look back only so far for what was still to be committed.
        """
        draft, memory_id = self._drafts[place], self._ids.new_id()
        return WrittenMemory(
            replace(draft.memory, id=memory_id, seq=seq),
            draft.entry._replace(memory_id=memory_id, seq=seq, changed_at=self._clock()),
        )

    def _memory(self, place: int) -> StoredMemory:
        message = self._messages[place]
        agent_id = self._request.agent_id or self._caller.agent_id
        # Messages of one window keep their order in lists sorted by time.
        created_at = self.now + place if message.created_at is None else to_microseconds(message.created_at)
        return StoredMemory(
            tenant_id=self._caller.tenant_id,
            id=0,
            content=message.content,
            memory_type=MemoryType.SESSION.value,
            state=ACTIVE,
            version=1,
            content_hash=self._hashes[place],
            created_at=created_at,
            updated_at=self.now + place,
            source=self._request.source or agent_id,
            tags=tuple(self._request.tags),
            agent_id=agent_id,
            session_id=self.session_id,
            role=message.role,
            name=message.name,
            project=self._request.project or self._caller.project,
            updated_by=agent_id,
        )


def _without_recalled(messages: Sequence[Message]) -> list[Message]:
    """Take out what a plugin had put in from the memory, which would be stored as if it were said."""
    return [
        message.model_copy(update={"content": strip_recalled(message.content)})
        if OPENING in message.content
        else message
        for message in messages
    ]


def _fingerprint(message: Message) -> bytes:
    said_at = None if message.created_at is None else to_microseconds(message.created_at)
    return hash_message(message.role, message.name, said_at, message.content)
