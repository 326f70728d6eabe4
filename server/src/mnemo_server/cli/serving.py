"""Listens, prints the greeting, and stops without dropping requests in progress."""

from __future__ import annotations

import asyncio
import signal
from typing import Final

import structlog
from aiohttp import web

from mnemo_server.app import create_app, open_services
from mnemo_server.cli.greeting import first_greeting, later_greeting
from mnemo_server.db.dsn import parse_dsn
from mnemo_server.http.draining import DRAIN
from mnemo_server.settings import Settings
from mnemo_server.wiring import Services

#: Bytes of a request line and of one header: room for a query of 200,000 characters, each of which takes up
#: to four bytes, percent-encoded, and for the rest of the line.
MAX_LINE_BYTES: Final = 200_000 * len("%F0%9F%9A%80") + 100_000

#: Maximum time for writing the last responses once nothing else is in progress.
LAST_ANSWER_SECONDS: Final = 1.0

_log = structlog.get_logger("mnemo")


async def serve(settings: Settings) -> None:
    """Run the server until SIGINT or SIGTERM; requests in progress finish first.

    Raises:
        OSError: the server can't listen on the address.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with open_services(settings) as services:
        app = create_app(services, settings)
        runner = web.AppRunner(
            app,
            access_log=None,
            handle_signals=False,
            shutdown_timeout=LAST_ANSWER_SECONDS,
            max_line_size=MAX_LINE_BYTES,
            max_field_size=MAX_LINE_BYTES,
        )
        await runner.setup()
        try:
            url = await _listen(runner, settings)
            await _greet(services, settings, url)
            await stop.wait()
            _log.info("stopping", grace_seconds=settings.shutdown_seconds)
        finally:
            for site in tuple(runner.sites):
                await site.stop()
            await app[DRAIN].finish(settings.shutdown_seconds)
            await runner.cleanup()


async def _listen(runner: web.AppRunner, settings: Settings) -> str:
    """Open the socket and return the address for a client on this machine."""
    site = web.TCPSite(runner, settings.host, settings.port)
    await site.start()
    port = runner.addresses[0][1]
    everywhere = settings.host in ("0.0.0.0", "::", "")  # noqa: S104 - a comparison
    host = "127.0.0.1" if everywhere else settings.host
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def _greet(services: Services, settings: Settings, url: str) -> None:
    """Print the greeting; an empty database gets its first tenant, whose key is shown."""
    dsn = parse_dsn(settings.effective_dsn)
    where = f"{dsn.path or dsn} ({services.database.engine})"
    key = await services.tenants.provision_first("default")
    greeting = later_greeting(url, where) if key is None else first_greeting(url, where, key)
    print(greeting, flush=True)  # noqa: T201 - the greeting is for people, not for the log
    _log.info("listening", url=url, database=services.database.engine)
