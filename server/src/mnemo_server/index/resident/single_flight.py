"""Shares one piece of work between the callers that may have its result."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


class SingleFlight:
    """Runs `work` for its callers: each gets a run that started after the call, many get the same one.

    A cancelled caller leaves the run to the others. An error reaches everyone who waits for that run.
    """

    def __init__(self, work: Callable[[], Awaitable[None]]) -> None:
        self._work = work
        self._running: asyncio.Task[None] | None = None
        self._queued: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Wait for a run that starts from now on."""
        if self._queued is None:
            self._queued = asyncio.create_task(self._run_after(self._running))
            self._queued.add_done_callback(mark_retrieved)
        await asyncio.shield(self._queued)

    def cancel(self) -> list[asyncio.Task[None]]:
        """Stop what runs and what waits; return these tasks, to be awaited."""
        tasks = [task for task in (self._running, self._queued) if task is not None]
        for task in tasks:
            task.cancel()
        return tasks

    async def _run_after(self, previous: asyncio.Task[None] | None) -> None:
        if previous is not None and not previous.done():
            await asyncio.wait([previous])
        self._running, self._queued = self._queued, None
        await self._work()


def mark_retrieved(task: asyncio.Task[T]) -> None:
    """Look at the error of a task whose callers may all be gone, so that asyncio doesn't complain."""
    if not task.cancelled():
        task.exception()
