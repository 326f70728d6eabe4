"""The composition root: settings in, a server ready to listen out. The only module that knows everybody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog
from aiohttp import web
from mnemos_contract.limits import MAX_BODY_BYTES
from threadpoolctl import threadpool_limits

from mnemo_server.db.connect import connect
from mnemo_server.db.database import Database
from mnemo_server.db.dsn import parse_dsn
from mnemo_server.db.errors import DatabaseError
from mnemo_server.db.migrate import migrate
from mnemo_server.domain.clock import Clock, system_clock
from mnemo_server.domain.ids import IdSource
from mnemo_server.domain.rate_limit import TokenBuckets
from mnemo_server.embedding.opening import open_embedder
from mnemo_server.embedding.ports import Embedder
from mnemo_server.http.binding import bind
from mnemo_server.http.context import Admission
from mnemo_server.http.draining import DRAIN, Drain
from mnemo_server.http.jobs import JobHandlers
from mnemo_server.http.memories import MemoryHandlers
from mnemo_server.http.middleware import frame
from mnemo_server.http.service import ServiceHandlers
from mnemo_server.http.sessions import SessionHandlers
from mnemo_server.http.tenants import TenantHandlers
from mnemo_server.index.cache import SearchIndex
from mnemo_server.observability import Metrics
from mnemo_server.services.embedding import EmbeddingService
from mnemo_server.services.job_runs import Ending, JobHandler
from mnemo_server.services.job_status import JobService
from mnemo_server.services.jobs import JobRunner
from mnemo_server.services.memories import MemoryService
from mnemo_server.services.messages import MessageService
from mnemo_server.services.search import SearchService
from mnemo_server.services.tenants import TenantService
from mnemo_server.settings import Settings
from mnemo_server.stores.opening import open_stores

#: Seconds between two rounds of tidying up.
HOUSEKEEPING_SECONDS: Final = 3_600
_BYTES_PER_MB: Final = 1_048_576

_log = structlog.get_logger("mnemo")


@dataclass(frozen=True, slots=True)
class Services:
    """Everything the server does, wired to one database."""

    database: Database
    index: SearchIndex
    ids: IdSource
    clock: Clock
    embedding: EmbeddingService
    memories: MemoryService
    messages: MessageService
    search: SearchService
    tenants: TenantService
    jobs: JobService
    job_runner: JobRunner


@asynccontextmanager
async def open_services(
    settings: Settings, clock: Clock = system_clock, embedder: Embedder | None = None
) -> AsyncIterator[Services]:
    """Connect to the database, bring its tables up to date, and wire the services to it.

    An embedder given here takes the place of the settings' choice; it is closed in the end.

    Raises:
        BadDsn: the DSN can't be read.
        DatabaseUnavailable: nothing answers there.
        SchemaMismatch: the tables aren't those of this version.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(await asyncio.to_thread(threadpool_limits, limits=1, user_api="blas"))
        database = await connect(parse_dsn(settings.effective_dsn), pool_size=settings.db_pool_size)
        stack.push_async_callback(database.close)
        await migrate(database, may_change=settings.auto_migrate)
        embedder = embedder or open_embedder(settings.embedder_choice, database)
        if embedder is not None:
            stack.push_async_callback(embedder.close)
        services = await wire(database, settings, clock, embedder)
        stack.push_async_callback(services.index.close)
        yield services


async def wire(database: Database, settings: Settings, clock: Clock, embedder: Embedder | None) -> Services:
    """Wire index and services to the stores of a database."""
    ids = IdSource(clock)
    # Reads the SQL files.
    stores = await asyncio.to_thread(open_stores, database, ids, clock)
    index = SearchIndex(stores.entries, memory_budget_bytes=settings.index_memory_mb * _BYTES_PER_MB)
    embedding = EmbeddingService(embedder, stores.vectors, index, clock)
    handlers: dict[str, JobHandler] = {}
    return Services(
        database=database,
        index=index,
        ids=ids,
        clock=clock,
        embedding=embedding,
        memories=MemoryService(stores.memories, index, embedding, ids, clock),
        messages=MessageService(stores.sessions, index, embedding, ids, clock),
        search=SearchService(stores.memories, index, embedding, clock),
        tenants=TenantService(stores.tenants, ids, clock),
        jobs=JobService(stores.jobs, clock),
        job_runner=JobRunner(stores.jobs, handlers, clock, concurrency=settings.job_concurrency),
    )


def create_app(services: Services, settings: Settings) -> web.Application:
    """Put the HTTP face on the services."""
    clock = services.clock
    metrics = _metrics(services)
    addresses = TokenBuckets(rate=settings.rate_limit, burst=settings.rate_burst, clock=clock)
    keys = TokenBuckets(rate=settings.rate_limit, burst=settings.rate_burst, clock=clock)
    hourly = settings.provision_per_hour
    provisions = TokenBuckets(rate=hourly / 3_600, burst=max(1, hourly), clock=clock)
    drain = Drain()
    app = web.Application(
        client_max_size=MAX_BODY_BYTES,
        middlewares=[
            drain.middleware,
            frame(metrics=metrics, ids=services.ids, addresses=addresses, trusted=settings.trusted_proxies),
        ],
    )
    app[DRAIN] = drain
    about = ServiceHandlers(services.database, metrics, clock, settings.admin_key)
    resources = (
        MemoryHandlers(services.memories, services.messages, services.search, services.embedding),
        SessionHandlers(services.messages),
        TenantHandlers(services.tenants, provisions, settings.provision_token),
        JobHandlers(services.jobs),
        about,
    )
    bind(app, resources, Admission(services.tenants, keys))
    about.bind(app)
    app.cleanup_ctx.append(lambda _app: _in_background(lambda: _housekeeping(services)))
    app.cleanup_ctx.append(lambda _app: _in_background(services.embedding.run))
    app.cleanup_ctx.append(lambda _app: _in_background(services.job_runner.run))
    return app


def _metrics(services: Services) -> Metrics:
    metrics = Metrics()
    database, index, embedding = services.database, services.index, services.embedding
    metrics.gauge("mnemo_db_round_trips", "Statements sent to the database.", lambda: database.round_trips)
    _offer_index_metrics(metrics, index)
    metrics.gauge(
        "mnemo_embedder_ready", "Whether a model makes vectors: 1 or 0.", lambda: embedding.is_ready
    )
    metrics.gauge("mnemo_embedding_backlog", "Texts known to wait.", lambda: embedding.backlog)
    metrics.gauge(
        "mnemo_embedding_queue_age_seconds",
        "How long the oldest text in the queue has been waiting, in seconds.",
        lambda: embedding.queue_age_seconds,
    )
    metrics.counter("mnemo_embedding_embedded_total", "Texts embedded.", lambda: embedding.embedded)
    metrics.counter("mnemo_embedding_refused_total", "Texts refused.", lambda: embedding.refused)
    metrics.counter("mnemo_embedding_failed_total", "Texts in batches that failed.", lambda: embedding.failed)
    metrics.counter(
        "mnemo_embedding_failed_queries_total",
        "Questions without a vector.",
        lambda: embedding.failed_queries,
    )
    _add_job_metrics(metrics, services.job_runner)
    return metrics


def _offer_index_metrics(metrics: Metrics, index: SearchIndex) -> None:
    codes = index.codes
    metrics.gauge("mnemo_index_bytes", "Bytes of the resident search indexes.", lambda: index.resident_bytes)
    metrics.gauge(
        "mnemo_index_code_bytes", "Bytes of the codes of words beside them.", lambda: codes.size_bytes
    )
    metrics.counter(
        "mnemo_index_code_hits_total",
        "Candidates whose codes of words were resident.",
        lambda: codes.hits,
    )
    metrics.counter(
        "mnemo_index_code_misses_total",
        "Candidates whose codes of words were read from the database.",
        lambda: codes.misses,
    )
    metrics.gauge(
        "mnemo_index_tenants", "Tenants whose search index is resident.", lambda: index.tenant_count
    )
    metrics.counter("mnemo_index_loads_total", "Search indexes loaded.", lambda: index.loads)
    metrics.counter("mnemo_index_evictions_total", "Search indexes evicted.", lambda: index.evictions)
    metrics.counter("mnemo_index_refreshes_total", "Refreshes before searches.", lambda: index.refreshes)
    metrics.counter(
        "mnemo_index_scans_total", "Searches of tenants too large for memory.", lambda: index.scans
    )


def _add_job_metrics(metrics: Metrics, jobs: JobRunner) -> None:
    """Say how jobs stand in the whole database, as of some seconds ago, and how runs of this server ended."""
    metrics.gauge("mnemo_jobs_waiting", "Jobs that wait in the database.", lambda: jobs.counts.waiting)
    metrics.gauge("mnemo_jobs_running", "Jobs that any server works on.", lambda: jobs.counts.running)
    metrics.gauge("mnemo_jobs_failed", "Jobs that were given up.", lambda: jobs.counts.failed)
    metrics.gauge(
        "mnemo_jobs_oldest_due_seconds",
        "How long the job that waits longest has been due, in seconds.",
        lambda: jobs.oldest_due_seconds,
    )
    for ending, description in (
        (Ending.DONE, "Runs after which nothing was left to do."),
        (Ending.AGAIN, "Runs that went well and were not the last."),
        (Ending.POSTPONED, "Runs that were put off, such as for want of budget."),
        (Ending.RETRIED, "Attempts that failed and are repeated."),
        (Ending.FAILED, "Attempts that failed and were the last."),
        (Ending.LOST, "Runs that passed to another server."),
    ):
        read = partial(jobs.endings.__getitem__, ending)
        metrics.counter(f"mnemo_job_runs_{ending}_total", description, read)


async def _housekeeping(services: Services) -> None:
    """Tidy up at the start and then hourly."""
    while True:
        try:
            await services.tenants.forget_old_answers()
            await services.jobs.forget_old_jobs()
        except DatabaseError as error:
            _log.warning("tidying up was put off", reason=str(error))
        await asyncio.sleep(HOUSEKEEPING_SECONDS)


async def _in_background(work: Callable[[], Coroutine[None, None, None]]) -> AsyncIterator[None]:
    """Run some work as long as the server runs."""
    task = asyncio.create_task(work())
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
