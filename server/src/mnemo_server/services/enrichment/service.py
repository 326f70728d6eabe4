"""Extracts facts from what was stored, and merges them into the memories, with a language model.

It processes jobs of kind `enrich`: the messages of a session, or one memory that was stored as text. The
stored originals stay unchanged. Each message is sent to the model once: the transaction that writes the
result takes the message out of the job. What the model can't do, or may not do now, is left to the rules that
need no model.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

import structlog
from mnemos_contract.base import to_microseconds

from mnemo_server.domain.clock import MICROSECONDS, Clock
from mnemo_server.domain.enrichment.facts import MAX_FACT_TAGS, Fact, SaidMessage
from mnemo_server.domain.enrichment.merge import MergeAction, MergeDecision
from mnemo_server.domain.jobs import (
    Again,
    ClaimedJob,
    Detail,
    Done,
    JobError,
    JobResult,
    Postponed,
)
from mnemo_server.domain.memories.memory import StoredMemory
from mnemo_server.llm.ports import (
    Curator,
    ExtractionRequest,
    InvalidCompletion,
    LanguageModel,
    ModelMisconfigured,
    ModelRefused,
    ModelResult,
    ModelUnavailable,
)
from mnemo_server.services.budget.language_model import MeteredModel, OverBudget
from mnemo_server.services.budget.ledger import Budget
from mnemo_server.services.enrichment.facts import FactPlacer
from mnemo_server.services.enrichment.scheduler import EnrichmentScheduler
from mnemo_server.services.jobs.run import Progress
from mnemo_server.stores.enrichment.records import ResolvedFact
from mnemo_server.stores.enrichment.store import EnrichmentStore
from mnemo_server.stores.jobs.store import JobStore

SKIPPED_BUDGET: Final = "skipped_budget"
#: Messages that are read at once; a request to the model contains as many of them as fit.
_ITEMS: Final = 200
#: How long to wait before a model with wrong settings is called again.
_MISCONFIGURED_PAUSE_US: Final = 600 * MICROSECONDS

_log = structlog.get_logger("mnemo")


class EnrichmentService:
    """The handler of jobs of kind `enrich`."""

    def __init__(
        self,
        model: LanguageModel,
        curator: Curator,
        *,
        budget: Budget,
        jobs: JobStore,
        store: EnrichmentStore,
        placer: FactPlacer,
        scheduler: EnrichmentScheduler,
        clock: Clock,
    ) -> None:
        self._model = model
        self._curator = curator
        self._budget = budget
        self._jobs = jobs
        self._store = store
        self._placer = placer
        self._clock = clock
        self._scheduler = scheduler

    async def work(self, job: ClaimedJob, progress: Progress) -> JobResult:
        """Process the next messages of a job, as many as fit into one request to the model.

        Raises:
            JobError: the model isn't available now.
        """
        item_ids = await self._jobs.list_items(job, _ITEMS)
        messages = await self._store.read(job.tenant_id, item_ids)
        if not messages:
            await self._store.drop(job, item_ids, self._clock())
            return Done(job.detail)
        known = await self._store.list_known(job.tenant_id)
        requests = await asyncio.to_thread(self._curator.plan, [to_said(one) for one in messages], known)
        model = MeteredModel(self._model, self._budget, job.tenant_id)
        try:
            detail = await self._work_on(job, model, requests[0], {one.id: one for one in messages})
        except OverBudget:
            return self._postpone(job)
        except ModelMisconfigured as error:
            # Not the job's fault, and frequent retries are useless: first a setting has to be changed.
            return Postponed(str(error), self._clock() + _MISCONFIGURED_PAUSE_US, job.detail)
        except ModelUnavailable as error:
            raise JobError(str(error)) from error
        done = sum(int(detail.get(name, 0)) for name in ("messages", "memories", "skipped"))
        await progress(done, done + await self._jobs.count_items(job))
        return Again(detail) if len(requests) > 1 or len(item_ids) == _ITEMS else Done(detail)

    async def _work_on(
        self,
        job: ClaimedJob,
        model: LanguageModel,
        request: ExtractionRequest,
        messages: dict[int, StoredMemory],
    ) -> Detail:
        """Send the messages of one request to the model, and write the result."""
        sources = [messages[one.id] for one in request.messages]
        try:
            result = await self._curator.extract(model, request)
        except (InvalidCompletion, ModelRefused) as error:
            # Another request would cost again with the same result: the messages stay as they are.
            await self._store.drop(job, [one.id for one in sources], self._clock())
            return _add(job.detail, {"skipped": len(sources)}, reason=str(error))
        if not sources[0].is_message:
            return await self._settle_text(job, model, sources[0], result)
        resolved = [
            ResolvedFact(fact, await self._merge(job.tenant_id, model, fact, sources), result.version)
            for fact in result.value
        ]
        written = await self._placer.write(job, sources, resolved)
        return _add(job.detail, {"messages": len(sources), **written})

    async def _settle_text(
        self, job: ClaimedJob, model: LanguageModel, memory: StoredMemory, result: ModelResult[list[Fact]]
    ) -> Detail:
        """Tag a memory that was stored as text and merge it with its neighbours; its text stays unchanged."""
        tags = tuple(dict.fromkeys(tag for fact in result.value for tag in fact.tags))[:MAX_FACT_TAGS]
        fact = Fact(memory.content, tags, memory.subject, (memory.id,), memory.created_at)
        decision = await self._merge(job.tenant_id, model, fact, [memory])
        written = await self._placer.settle_text(job, memory, ResolvedFact(fact, decision, result.version))
        return _add(job.detail, {"memories": 1, **written})

    async def _merge(
        self, tenant_id: int, model: LanguageModel, fact: Fact, sources: Sequence[StoredMemory]
    ) -> MergeDecision:
        """Return the merge decision for a fact; without one it is added: asking again would cost again."""
        neighbours = await self._placer.find_neighbours(tenant_id, fact, sources)
        try:
            return (await self._curator.merge(model, fact, neighbours)).value
        except OverBudget:
            return MergeDecision(MergeAction.ADD, reason="The budget didn't allow a comparison.")
        except (InvalidCompletion, ModelRefused, ModelUnavailable) as error:
            return MergeDecision(MergeAction.ADD, reason=str(error))

    def _postpone(self, job: ClaimedJob) -> Postponed:
        until = to_microseconds(self._budget.resets_at())
        self._scheduler.note_over_budget(job.tenant_id, until)
        return Postponed(SKIPPED_BUDGET, until, job.detail)


def to_said(memory: StoredMemory) -> SaidMessage:
    """Convert a stored message, or a memory stored as text, for the model."""
    return SaidMessage(memory.id, memory.role or "memory", memory.content, memory.created_at, memory.name)


def _add(detail: Detail, counts: Mapping[str, int], *, reason: str = "") -> Detail:
    """Add counts, and a reason if there is one, to the detail of a job."""
    sums = {name: int(detail.get(name, 0)) + number for name, number in counts.items()}
    return detail | sums | ({"reason": reason} if reason else {})
