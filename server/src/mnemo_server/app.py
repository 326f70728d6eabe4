"""The composition root: settings in, a server ready to listen out. The only module that knows all others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Final

import structlog
from aiohttp import web
from mnemos_contract.limits import MAX_BODY_BYTES
from threadpoolctl import threadpool_limits

from mnemo_server.db.connect import connect
from mnemo_server.db.dsn import parse_dsn
from mnemo_server.db.errors import DatabaseError
from mnemo_server.db.migrate import migrate
from mnemo_server.domain.clock import Clock, system_clock
from mnemo_server.domain.rate_limit import TokenBuckets
from mnemo_server.embedding.opening import open_embedder
from mnemo_server.embedding.ports import Embedder
from mnemo_server.http.binding import bind
from mnemo_server.http.context import Admission
from mnemo_server.http.draining import DRAIN, Drain
from mnemo_server.http.handlers.history import HistoryHandlers
from mnemo_server.http.handlers.jobs import JobHandlers
from mnemo_server.http.handlers.memories import MemoryHandlers
from mnemo_server.http.handlers.recalls import RecallHandlers
from mnemo_server.http.handlers.redactions import RedactionHandlers
from mnemo_server.http.handlers.service import ServiceHandlers
from mnemo_server.http.handlers.sessions import SessionHandlers
from mnemo_server.http.handlers.tenants import TenantHandlers
from mnemo_server.http.handlers.usage import UsageHandlers
from mnemo_server.http.mcp.endpoint import McpHandlers
from mnemo_server.http.mcp.tools import McpTools
from mnemo_server.http.middleware import frame
from mnemo_server.llm.opening import open_language_model
from mnemo_server.llm.ports import LanguageModel
from mnemo_server.observability.gauges import offer_metrics
from mnemo_server.settings import Settings
from mnemo_server.wiring import Services, wire

#: Seconds between two runs of housekeeping.
HOUSEKEEPING_SECONDS: Final = 3_600

_log = structlog.get_logger("mnemo")


@asynccontextmanager
async def open_services(
    settings: Settings,
    clock: Clock = system_clock,
    embedder: Embedder | None = None,
    model: LanguageModel | None = None,
) -> AsyncIterator[Services]:
    """Connect to the database, migrate its tables, and wire the services to it.

    An embedder or language model passed here overrides the settings; it is closed in the end.

    Raises:
        BadDsn: the DSN can't be parsed.
        DatabaseUnavailable: no database responds at the DSN.
        SchemaMismatch: the tables aren't those of this version.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(await asyncio.to_thread(threadpool_limits, limits=1, user_api="blas"))
        database = await connect(parse_dsn(settings.effective_dsn), pool_size=settings.db_pool_size)
        stack.push_async_callback(database.close)
        await migrate(database, may_change=settings.auto_migrate)
        if embedder is None and settings.makes_vectors:
            embedder = open_embedder(settings.embedder_choice, database)
        if embedder is not None:
            stack.push_async_callback(embedder.close)
        model = model or open_language_model(settings.model_choice)
        if model is not None:
            stack.push_async_callback(model.close)
        services = await wire(database, settings, clock, embedder=embedder, model=model)
        stack.push_async_callback(services.index.close)
        yield services


def create_app(services: Services, settings: Settings) -> web.Application:
    """Return the web application that serves the services over HTTP."""
    clock = services.clock
    metrics = offer_metrics(services)
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
        HistoryHandlers(services.history),
        SessionHandlers(services.messages),
        TenantHandlers(services.tenants, provisions, settings.provision_token),
        JobHandlers(services.jobs),
        UsageHandlers(services.budget),
        RedactionHandlers(services.sweep),
        RecallHandlers(services.recalls),
        about,
    )
    admission = Admission(services.tenants, keys)
    bind(app, resources, admission)
    about.bind(app)
    McpHandlers(McpTools(services.memories, services.search, services.history), admission).bind(app)
    app.cleanup_ctx.append(lambda _app: _in_background(lambda: _housekeeping(services)))
    app.cleanup_ctx.append(lambda _app: _in_background(services.embedding.run))
    app.cleanup_ctx.append(lambda _app: _in_background(services.job_runner.run))
    app.cleanup_ctx.append(lambda _app: _in_background(services.recall_journal.run))
    return app


async def _housekeeping(services: Services) -> None:
    """Run housekeeping at the start and then hourly."""
    while True:
        try:
            await services.tenants.forget_old_responses()
            await services.jobs.forget_old_jobs()
            await services.recalls.forget_old()
        except DatabaseError as error:
            _log.warning("cleanup failed and will be retried", reason=str(error))
        await asyncio.sleep(HOUSEKEEPING_SECONDS)


async def _in_background(work: Callable[[], Coroutine[None, None, None]]) -> AsyncIterator[None]:
    """Run a coroutine in the background while the context is open."""
    task = asyncio.create_task(work())
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
