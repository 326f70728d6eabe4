"""Stores the messages of sessions, each once, and reads them back."""

from __future__ import annotations

from collections.abc import Sequence

from mnemos_contract.errors import InvalidRequest
from mnemos_contract.limits import MAX_ANSWER_BYTES
from mnemos_contract.messages import Message, SessionMessage
from mnemos_contract.recalled import OPENING, strip_recalled
from mnemos_contract.writing import StoreRequest, StoreResponse

from mnemo_server.domain.clock import Clock
from mnemo_server.domain.idempotency import IdempotentRequest, KeptResponse, Response
from mnemo_server.domain.ids import IdSource, encode_id
from mnemo_server.index.resident.cache import SearchIndex
from mnemo_server.services.caller import Caller
from mnemo_server.services.embedding.service import EmbeddingService
from mnemo_server.services.enrichment.scheduler import EnrichmentScheduler
from mnemo_server.services.indexing import run_analysis
from mnemo_server.services.memories.wire import to_session_message
from mnemo_server.services.messages.window import Window
from mnemo_server.services.redaction.requests import Redactor
from mnemo_server.services.responses import repeat
from mnemo_server.stores.sessions import SessionStore


class MessageService:
    """Operations on messages."""

    def __init__(
        self,
        store: SessionStore,
        index: SearchIndex,
        embedding: EmbeddingService,
        *,
        redactor: Redactor,
        scheduler: EnrichmentScheduler,
        ids: IdSource,
        clock: Clock,
    ) -> None:
        self._store = store
        self._redactor = redactor
        self._scheduler = scheduler
        self._index = index
        self._embedding = embedding
        self._ids = ids
        self._clock = clock

    async def store(
        self, caller: Caller, request: StoreRequest, once: IdempotentRequest | None
    ) -> Response[StoreResponse]:
        """Store a window of messages in its session; those that the session already has are not stored again.

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
            scheduler=self._scheduler,
        )
        await run_analysis(window.draft, window.characters)
        outcome = await self._store.append(
            caller.tenant_id,
            window.session_id,
            caller.actor,
            window.now,
            seqs=window.seqs,
            window_length=window.length,
            select_new=window.select_new,
            job=window.ask_for_enrichment,
            respond=window.describe,
            once=once,
        )
        if isinstance(outcome, KeptResponse):
            return repeat(outcome, once, StoreResponse)
        appended, response = outcome
        self._index.note(caller.tenant_id, [written.entry for written in appended.written])
        self._embedding.note(appended.written)
        self._scheduler.note(caller.tenant_id, appended.job_id)
        return response

    async def list_messages(
        self, caller: Caller, session_ids: Sequence[str], limit_per_session: int
    ) -> list[SessionMessage]:
        """Read the latest messages of each session, in the order they were said.

        Raises:
            InvalidRequest: they are too large for one response.
        """
        wanted = list(dict.fromkeys(filter(None, session_ids)))
        if await self._store.measure_messages(caller.tenant_id, wanted, limit_per_session) > MAX_ANSWER_BYTES:
            reason = f"these messages are longer than {MAX_ANSWER_BYTES} bytes together; ask for fewer"
            raise InvalidRequest(field="limit_per_session", reason=reason)
        messages = await self._store.list_messages(caller.tenant_id, wanted, limit_per_session)
        return [to_session_message(message) for message in messages]


def _without_recalled(messages: Sequence[Message]) -> list[Message]:
    """Remove what a plugin recalled into messages, which would otherwise be stored as if it had been said."""
    return [
        message.model_copy(update={"content": strip_recalled(message.content)})
        if OPENING in message.content
        else message
        for message in messages
    ]
