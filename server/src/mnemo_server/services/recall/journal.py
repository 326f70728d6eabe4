"""Keeps the records of recalls, without holding up the recalls themselves."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from mnemo_server.stores.recalls import RecallRecord, RecallStore

#: Records that wait to be written; more are dropped and counted.
MAX_WAITING: Final = 1_000

_log = structlog.get_logger("mnemo")


class RecallJournal:
    """Writes records in the background, in the order in which they were made."""

    def __init__(self, store: RecallStore) -> None:
        #: Records that were lost: too many waited, or the database failed.
        self.lost = 0
        self._store = store
        self._waiting: asyncio.Queue[RecallRecord] = asyncio.Queue(MAX_WAITING)

    def note(self, record: RecallRecord) -> None:
        """Queue a record."""
        try:
            self._waiting.put_nowait(record)
        except asyncio.QueueFull:
            self.lost += 1

    async def settle(self) -> None:
        """Wait until everything noted so far is written or lost."""
        await self._waiting.join()

    async def run(self) -> None:
        """Write records until cancelled; what waits then is written first."""
        try:
            while True:
                await self._write(await self._waiting.get())
        finally:
            while not self._waiting.empty():
                await self._write(self._waiting.get_nowait())

    async def _write(self, record: RecallRecord) -> None:
        try:
            await self._store.put(record)
        except Exception as error:  # noqa: BLE001 - a record is worth less than the server
            self.lost += 1
            _log.warning("a recall wasn't recorded", reason=type(error).__name__)
        finally:
            self._waiting.task_done()
