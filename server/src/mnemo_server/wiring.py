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
from mnemo_server.index.cache import SearchIndex
from mnemo_server.llm.curator import PromptingCurator
from mnemo_server.llm.ports import LanguageModel
from mnemo_server.llm.wording import load_wordings
from mnemo_server.services.budget import Budget
from mnemo_server.services.embedding import EmbeddingService
from mnemo_server.services.enrichment import EnrichmentService
from mnemo_server.services.enrichment_desk import ENRICH, EnrichmentDesk
from mnemo_server.services.fact_placing import FactPlacer
from mnemo_server.services.history import HistoryService
from mnemo_server.services.job_runs import JobHandler
from mnemo_server.services.job_status import JobService
from mnemo_server.services.jobs import JobRunner
from mnemo_server.services.memories import MemoryService
from mnemo_server.services.messages import MessageService
from mnemo_server.services.metering import TenantMeter
from mnemo_server.services.redacting import FINGERPRINT_KEY, KEY_BYTES, Redactor
from mnemo_server.services.redaction_sweep import REDACT, RedactionSweep
from mnemo_server.services.search import SearchService
from mnemo_server.services.tags import TagSuggester
from mnemo_server.services.tenants import TenantService
from mnemo_server.settings import Settings
from mnemo_server.stores.opening import Stores, open_stores

_BYTES_PER_MB: Final = 1_048_576


@dataclass(frozen=True, slots=True)
class Services:
    """Everything the server does, wired to one database."""

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


async def wire(
    database: Database,
    settings: Settings,
    clock: Clock,
    *,
    embedder: Embedder | None,
    model: LanguageModel | None,
) -> Services:
    """Wire index and services to the stores of a database; without a model there is no enrichment."""
    ids = IdSource(clock)
    # Reads the SQL files.
    stores = await asyncio.to_thread(open_stores, database, ids, clock)
    index = SearchIndex(stores.entries, memory_budget_bytes=settings.index_memory_mb * _BYTES_PER_MB)
    budget = Budget(stores.usage, settings.plans, clock, settings.currency)
    meter_of = partial(TenantMeter, budget) if "embedding" in settings.plans else None
    embedding = EmbeddingService(embedder, stores.vectors, index, clock, meter_of=meter_of)
    redactor = await _open_redactor(stores, settings, clock)
    suggester = TagSuggester(stores.memories, index, embedding)
    runner = JobRunner(stores.jobs, {}, clock, concurrency=settings.job_concurrency)
    desk = EnrichmentDesk(
        clock, is_on=model is not None, delay_seconds=settings.enrich_delay_seconds, wake=runner.note
    )
    if model is not None:
        placer = FactPlacer(
            stores.enrichment, stores.memories, index=index, embedding=embedding, ids=ids, clock=clock
        )
        enrich = await _open_enrichment(
            model, stores, budget=budget, placer=placer, redactor=redactor, desk=desk, clock=clock
        )
        runner.add_handler(ENRICH, enrich)
    jobs = JobService(stores.jobs, clock)
    sweep = RedactionSweep(
        redactor,
        stores.redaction,
        jobs=stores.jobs,
        status=jobs,
        wake=runner.note,
        index=index,
        embedding=embedding,
        clock=clock,
    )
    if redactor.is_on:
        runner.add_handler(REDACT, sweep.work)
    return Services(
        database=database,
        index=index,
        ids=ids,
        clock=clock,
        budget=budget,
        embedding=embedding,
        memories=MemoryService(
            stores.memories, index, embedding, suggester, redactor=redactor, desk=desk, ids=ids, clock=clock
        ),
        messages=MessageService(
            stores.sessions, index, embedding, redactor=redactor, desk=desk, ids=ids, clock=clock
        ),
        history=HistoryService(stores.history, index, embedding, redactor),
        search=SearchService(stores.memories, stores.history, index, embedding, clock),
        tenants=TenantService(stores.tenants, ids, clock),
        jobs=jobs,
        job_runner=runner,
        redactor=redactor,
        sweep=sweep,
    )


async def _open_enrichment(
    model: LanguageModel,
    stores: Stores,
    *,
    budget: Budget,
    placer: FactPlacer,
    redactor: Redactor,
    desk: EnrichmentDesk,
    clock: Clock,
) -> JobHandler:
    """Give what works on jobs of enrichment."""
    curator = PromptingCurator(await asyncio.to_thread(load_wordings), clean=redactor.clean_text)
    enrichment = EnrichmentService(
        model,
        curator,
        budget=budget,
        jobs=stores.jobs,
        store=stores.enrichment,
        placer=placer,
        desk=desk,
        clock=clock,
    )
    return enrichment.work


async def _open_redactor(stores: Stores, settings: Settings, clock: Clock) -> Redactor:
    """Give what takes secrets out; its fingerprints are those of the whole installation."""
    if not settings.redact:
        return Redactor(None)
    proposal = secrets.token_bytes(KEY_BYTES)
    return Redactor(await stores.installation.keep(FINGERPRINT_KEY, proposal, clock()))
