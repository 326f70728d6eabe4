"""Stops without dropping requests: counts those in progress, and makes clients reconnect.

aiohttp's own shutdown discards the rest of a body that is still arriving, so it comes after this.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from aiohttp import web


class Drain:
    """Counts the requests in progress."""

    def __init__(self) -> None:
        self._count = 0
        self._is_idle = asyncio.Event()
        self._is_idle.set()
        self._is_leaving = False

    @web.middleware
    async def middleware(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Count a request from head to response; once the server is stopping, close its connection too."""
        self._count += 1
        self._is_idle.clear()
        try:
            response = await handler(request)
        finally:
            self._count -= 1
            if not self._count:
                self._is_idle.set()
        if self._is_leaving:
            response.force_close()
        return response

    async def finish(self, seconds: float) -> None:
        """Wait until no request is in progress, but no longer than `seconds`."""
        self._is_leaving = True
        with suppress(TimeoutError):
            await asyncio.wait_for(self._is_idle.wait(), seconds)


#: The key under which the application keeps its drain.
DRAIN: Final = web.AppKey("drain", Drain)
