"""Wires the services to the stores of one database, and to each other."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from functools import partial
from typing import Final

from mnemo_server.db.database import Database
from mnemo_server.domain.clock import Clock
from mnemo_server.domain.ids import IdSource
from mnemo_server.embedding.ports import Embedder
from mnemo_server.index.resident.cache import SearchIndex
from mnemo_server.llm.curator import PromptingCurator
from mnemo_server.llm.ports import LanguageModel
from mnemo_server.llm.prompts.files import load_wordings
from mnemo_server.services.budget.embedding import TenantMeter
from mnemo_server.services.budget.ledger import Budget
from mnemo_server.services.embedding.service import EmbeddingService
from mnemo_server.services.enrichment.facts import FactPlacer
from mnemo_server.services.enrichment.scheduler import ENRICH, EnrichmentScheduler
from mnemo_server.services.enrichment.service import EnrichmentService
from mnemo_server.services.jobs.run import JobHandler
from mnemo_server.services.jobs.runner import JobRunner
from mnemo_server.services.jobs.status import JobService
from mnemo_server.services.memories.history import HistoryService
from mnemo_server.services.memories.service import MemoryService
from mnemo_server.services.memories.tags import TagSuggester
from mnemo_server.services.messages.service import MessageService
from mnemo_server.services.recall.journal import RecallJournal
from mnemo_server.services.recall.search import RecallSearch
from mnemo_server.services.recall.service import RecallService
from mnemo_server.services.recall.session import SessionSearch
from mnemo_server.services.redaction.requests import FINGERPRINT_KEY, KEY_BYTES, Redactor
from mnemo_server.services.redaction.sweep import REDACT, RedactionSweep
from mnemo_server.services.search.service import SearchService
from mnemo_server.services.tenants import TenantService
from mnemo_server.settings import Settings
from mnemo_server.stores.opening import Stores, open_stores

_BYTES_PER_MB: Final = 1_048_576


@dataclass(frozen=True, slots=True)
class Services:
    """All services of one database, wired together."""

    database: Database
    index: SearchIndex
    ids: IdSource
    clock: Clock
    budget: Budget
    embedding: EmbeddingService
    memories: MemoryService
    messages: MessageService
    history: HistoryService
    search: SearchService
    tenants: TenantService
    jobs: JobService
    job_runner: JobRunner
    redactor: Redactor
    sweep: RedactionSweep
    recalls: RecallService
    recall_journal: RecallJournal


@dataclass(frozen=True, slots=True)
class _Base:
    """What several services need."""

    stores: Stores
    index: SearchIndex
    ids: IdSource
    clock: Clock
    budget: Budget
    embedding: EmbeddingService
    redactor: Redactor
    runner: JobRunner
    scheduler: EnrichmentScheduler


async def wire(
    database: Database,
    settings: Settings,
    clock: Clock,
    *,
    embedder: Embedder | None,
    model: LanguageModel | None,
) -> Services:
    """Wire the index and the services to the stores of a database; without a model there is no enrichment."""
    base = await _lay_base(database, settings, clock, embedder, enriches=model is not None)
    stores, index, embedding = base.stores, base.index, base.embedding
    redactor, scheduler, ids = base.redactor, base.scheduler, base.ids
    jobs = JobService(stores.jobs, clock)
    sweep = _open_sweep(base, jobs)
    journal = RecallJournal(stores.recalls)
    recall_search = RecallSearch(index, embedding, stores.memories)
    suggester = TagSuggester(stores.memories, index, embedding)
    if model is not None:
        base.runner.add_handler(ENRICH, await _open_enrichment(base, model))
    if redactor.is_on:
        base.runner.add_handler(REDACT, sweep.work)
    return Services(
        database=database,
        index=index,
        ids=ids,
        clock=clock,
        budget=base.budget,
        embedding=embedding,
        memories=MemoryService(
            stores.memories,
            stores.creator,
            index,
            embedding,
            suggester,
            redactor=redactor,
            scheduler=scheduler,
            ids=ids,
            clock=clock,
        ),
        messages=MessageService(
            stores.sessions, index, embedding, redactor=redactor, scheduler=scheduler, ids=ids, clock=clock
        ),
        history=HistoryService(stores.history, stores.restorer, index, embedding, redactor),
        search=SearchService(
            stores.memories,
            stores.history,
            index,
            embedding,
            gate=recall_search,
            clock=clock,
        ),
        tenants=TenantService(stores.tenants, ids, clock),
        jobs=jobs,
        job_runner=base.runner,
        redactor=redactor,
        sweep=sweep,
        recalls=_open_recalls(base, recall_search, journal, settings.recall_days),
        recall_journal=journal,
    )


async def _lay_base(
    database: Database, settings: Settings, clock: Clock, embedder: Embedder | None, *, enriches: bool
) -> _Base:
    ids = IdSource(clock)
    # Opening the stores reads the SQL files.
    stores = await asyncio.to_thread(open_stores, database, ids, clock)
    index = SearchIndex(stores.entries, memory_budget_bytes=settings.index_memory_mb * _BYTES_PER_MB)
    budget = Budget(stores.usage, settings.plans, clock, settings.currency)
    meter_of = partial(TenantMeter, budget) if "embedding" in settings.plans else None
    runner = JobRunner(stores.jobs, {}, clock, concurrency=settings.job_concurrency)
    return _Base(
        stores=stores,
        index=index,
        ids=ids,
        clock=clock,
        budget=budget,
        embedding=EmbeddingService(embedder, stores.vectors, index, clock, meter_of=meter_of),
        redactor=await _open_redactor(stores, settings, clock),
        runner=runner,
        scheduler=EnrichmentScheduler(
            clock, is_on=enriches, delay_seconds=settings.enrich_delay_seconds, wake=runner.note
        ),
    )


async def _open_enrichment(base: _Base, model: LanguageModel) -> JobHandler:
    """Return the handler of enrichment jobs."""
    stores = base.stores
    placer = FactPlacer(
        stores.enrichment,
        stores.memories,
        index=base.index,
        embedding=base.embedding,
        ids=base.ids,
        clock=base.clock,
    )
    curator = PromptingCurator(await asyncio.to_thread(load_wordings), clean=base.redactor.clean_text)
    enrichment = EnrichmentService(
        model,
        curator,
        budget=base.budget,
        jobs=stores.jobs,
        store=stores.enrichment,
        placer=placer,
        scheduler=base.scheduler,
        clock=base.clock,
    )
    return enrichment.work


def _open_recalls(
    base: _Base, search: RecallSearch, journal: RecallJournal, kept_days: float
) -> RecallService:
    stores = base.stores
    return RecallService(
        search,
        SessionSearch(base.index, base.embedding, stores.memories, stores.recalls),
        stores.recalls,
        stores.memories,
        journal=journal,
        redactor=base.redactor,
        ids=base.ids,
        clock=base.clock,
        kept_days=kept_days,
    )


def _open_sweep(base: _Base, jobs: JobService) -> RedactionSweep:
    return RedactionSweep(
        base.redactor,
        base.stores.redaction,
        jobs=base.stores.jobs,
        status=jobs,
        wake=base.runner.note,
        index=base.index,
        embedding=base.embedding,
        clock=base.clock,
    )


async def _open_redactor(stores: Stores, settings: Settings, clock: Clock) -> Redactor:
    """Return the redactor; its fingerprints use the key of the whole installation."""
    if not settings.redact:
        return Redactor(None)
    proposal = secrets.token_bytes(KEY_BYTES)
    return Redactor(await stores.installation.keep(FINGERPRINT_KEY, proposal, clock()))
