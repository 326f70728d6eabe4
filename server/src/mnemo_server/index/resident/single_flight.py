"""Single flight: callers that can use the same result share one run of the work."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


class SingleFlight:
    """Runs `work` for its callers: each waits for a run that started after its call, many share the same run.

    A cancelled caller doesn't cancel the run for the others. An error reaches every caller of that run.
    """

    def __init__(self, work: Callable[[], Awaitable[None]]) -> None:
        self._work = work
        self._running: asyncio.Task[None] | None = None
        self._queued: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Wait for a run that starts after this call."""
        if self._queued is None:
            self._queued = asyncio.create_task(self._run_after(self._running))
            self._queued.add_done_callback(mark_retrieved)
        await asyncio.shield(self._queued)

    def cancel(self) -> list[asyncio.Task[None]]:
        """Cancel the current and the queued run; return their tasks, to be awaited."""
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
    """Retrieve the error of a task whose callers may all be gone, so that asyncio doesn't log it."""
    if not task.cancelled():
        task.exception()
