"""Recall: what a model is shown for a prompt and at the start of a session, or why nothing."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from typing import Final, NamedTuple

from mnemos_contract.errors import RecallNotFound
from mnemos_contract.recalls import (
    LeftOut,
    Recall,
    RecallBlock,
    RecalledLine,
    RecallPage,
    RecallQuery,
    RecallRequest,
    RecallResponse,
    Silence,
)

from mnemo_server.domain.clock import MICROSECONDS, Clock
from mnemo_server.domain.ids import IdSource, decode_id, encode_id
from mnemo_server.domain.memories.memory import StoredMemory
from mnemo_server.domain.recall.choice import Candidate, Choice, Limits, choose
from mnemo_server.domain.recall.lines import count_tokens
from mnemo_server.domain.recall.model import to_probability
from mnemo_server.domain.recall.prompts import read_prompt
from mnemo_server.services.caller import Caller
from mnemo_server.services.recall.candidates import for_prompt, for_session
from mnemo_server.services.recall.journal import RecallJournal
from mnemo_server.services.recall.records import to_recall
from mnemo_server.services.recall.search import Found, RecallSearch
from mnemo_server.services.recall.session import SessionSearch
from mnemo_server.services.redaction.requests import Redactor
from mnemo_server.stores.memories.store import MemoryStore
from mnemo_server.stores.recalls import Considered, RecallRecord, RecallStore

#: Characters of a prompt that are recorded.
_RECORDED_CHARACTERS: Final = 500
#: Memories left out that are recorded, best first.
_RECORDED_LEFT_OUT: Final = 20
_WHY_LEFT_OUT: Final = {
    LeftOut.SHOWN_ALREADY: Silence.SHOWN_ALREADY,
    LeftOut.THIS_SESSION: Silence.SHOWN_ALREADY,
    LeftOut.REPEATS_PROMPT: Silence.SHOWN_ALREADY,
}


class Run(NamedTuple):
    """One event, and when its recall began (seconds of the performance counter)."""

    event: str
    started: float


class RecallService:
    """The operations of recall."""

    def __init__(
        self,
        search: RecallSearch,
        sessions: SessionSearch,
        store: RecallStore,
        memories: MemoryStore,
        *,
        journal: RecallJournal,
        redactor: Redactor,
        ids: IdSource,
        clock: Clock,
        kept_days: float,
    ) -> None:
        """Take the days for which records are kept; with 0 none are made."""
        self._search = search
        self._sessions = sessions
        self._store = store
        self._memories = memories
        self._journal = journal
        self._redactor = redactor
        self._ids = ids
        self._clock = clock
        self._kept_us = int(kept_days * 24 * 3_600 * MICROSECONDS)

    async def recall(self, caller: Caller, request: RecallRequest) -> RecallResponse:
        """Return what a model is to be shown; records what was shown and what was left out."""
        cleaned, _ = await self._redactor.clean_recall(request)
        request = _with_defaults(cleaned, caller)
        recall_id, session, prompt = None, None, None
        if request.begins:
            run = Run("session", time.perf_counter())
            session, choice = await self._open_session(caller, request)
            recall_id = self._record(caller, request, session, choice, run)
        if request.prompt is not None:
            run = Run("prompt", time.perf_counter())
            shown = [*request.shown, *(line.key for line in (session.lines if session else ()))]
            prompt, choice = await self._answer_prompt(caller, request, shown)
            recall_id = self._record(caller, request, prompt, choice, run)
        return RecallResponse(recall_id=recall_id, session=session, prompt=prompt)

    async def list_recalls(self, caller: Caller, wanted: RecallQuery) -> RecallPage:
        """List the records of a tenant, latest first."""
        records = await self._store.list_latest(
            caller.tenant_id, session_id=wanted.session_id, silent=wanted.silent, limit=wanted.limit
        )
        return RecallPage(recalls=await self._show(caller, records))

    async def get(self, caller: Caller, recall_id: str) -> Recall:
        """Return one record.

        Raises:
            RecallNotFound: the tenant has no such record, or it is no longer kept.
        """
        number = decode_id(recall_id)
        record = None if number is None else await self._store.find(caller.tenant_id, number)
        if record is None:
            raise RecallNotFound
        return (await self._show(caller, [record]))[0]

    async def forget_old(self) -> int:
        """Remove the records that are older than configured, and return how many."""
        return await self._store.remove(self._clock() - self._kept_us)

    async def _show(self, caller: Caller, records: Sequence[RecallRecord]) -> list[Recall]:
        """Return records with the texts of their memories, all read at once."""
        ids = {one.memory_id for record in records for one in record.considered}
        memories = await self._memories.find_many(caller.tenant_id, sorted(ids))
        return [to_recall(record, memories) for record in records]

    async def _open_session(self, caller: Caller, request: RecallRequest) -> tuple[RecallBlock, Choice]:
        opening = await self._sessions.find(caller, request)
        limits = Limits(lambda _: 0.0, request.max_tokens, request.session_id, frozenset(request.shown))
        choice = choose(for_session(opening), limits)
        return _to_block(choice, Silence.NOTHING_STORED), choice

    async def _answer_prompt(
        self, caller: Caller, request: RecallRequest, shown: Sequence[str]
    ) -> tuple[RecallBlock, Choice]:
        nothing = Choice((), ())
        prompt = read_prompt(request.prompt or "")
        if prompt is None:
            return RecallBlock(lines=[], silence=Silence.NO_QUESTION), nothing
        found = await self._search.find(caller, request, prompt)
        if not found.memories:
            return RecallBlock(lines=[], silence=Silence.NOTHING_STORED), nothing
        is_elsewhere = partial(_is_elsewhere, request=request)
        candidates = for_prompt(found, prompt, is_elsewhere)
        silence = _find_silence(found)
        if silence is not None:
            return RecallBlock(lines=[], silence=silence), Choice(
                (), tuple((one, LeftOut.WEAK) for one in candidates)
            )
        limits = Limits(
            lambda one: _find_floor(one, request, found),
            request.max_tokens,
            request.session_id,
            frozenset(shown),
            is_elsewhere=lambda one: request.only_project and is_elsewhere(one),
        )
        choice = choose(candidates, limits, prompt.text)
        return _to_block(choice, Silence.NOTHING_NEAR), choice

    def _record(
        self,
        caller: Caller,
        request: RecallRequest,
        block: RecallBlock,
        choice: Choice,
        run: Run,
    ) -> str | None:
        if not self._kept_us:
            return None
        prompt = (request.prompt or "")[:_RECORDED_CHARACTERS] if run.event == "prompt" else None
        record = RecallRecord(
            tenant_id=caller.tenant_id,
            id=self._ids.new_id(),
            event=run.event,
            prompt=prompt,
            session_id=request.session_id,
            project=request.project,
            agent_id=caller.agent_id,
            silence=None if block.silence is None else block.silence.value,
            tokens=sum(count_tokens(line.text) for line in block.lines),
            elapsed_ms=round((time.perf_counter() - run.started) * 1_000),
            considered=tuple(_list_considered(choice)),
            created_at=self._clock(),
        )
        self._journal.note(record)
        return encode_id(record.id)


def _with_defaults(request: RecallRequest, caller: Caller) -> RecallRequest:
    """Return the request with the project and session of the caller's headers, where it names none."""
    return request.model_copy(
        update={
            "project": request.project or caller.project,
            "session_id": request.session_id or caller.session_id,
        }
    )


def _find_silence(found: Found) -> Silence | None:
    """Return why a prompt gets no block, whatever is found for it."""
    if found.opens:
        return None
    return Silence.NOT_NEEDED if found.odds.max() >= found.model.show_from else Silence.NOTHING_NEAR


def _find_floor(candidate: Candidate, request: RecallRequest, found: Found) -> float:
    """Return the log odds from which a memory is shown with a prompt."""
    if to_probability(candidate.odds) * 100 < request.min_confidence:
        return float("inf")
    return found.model.show_from


def _is_elsewhere(memory: StoredMemory, request: RecallRequest) -> bool:
    """Return whether a memory belongs to another project than the one worked in."""
    return memory.project not in (None, "", request.project)


def _to_block(choice: Choice, otherwise: Silence) -> RecallBlock:
    """Return the block of a choice; one without lines says why, by what was left out first."""
    lines = [
        RecalledLine(memory_id=encode_id(one.memory.id), key=one.key, text=one.line) for one in choice.shown
    ]
    if lines:
        return RecallBlock(lines=lines)
    first = choice.left_out[0][1] if choice.left_out else None
    return RecallBlock(
        lines=[], silence=otherwise if first is None else _WHY_LEFT_OUT.get(first, Silence.NOTHING_NEAR)
    )


def _list_considered(choice: Choice) -> list[Considered]:
    shown = [(one, None) for one in choice.shown]
    return [
        Considered(
            one.memory.id, round(to_probability(one.odds) * 100), None if reason is None else reason.value
        )
        for one, reason in [*shown, *choice.left_out[:_RECORDED_LEFT_OUT]]
    ]
