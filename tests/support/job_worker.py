"""One of several processes that run the jobs of one database and record when they work on which.

Run as `python -m tests.support.job_worker <dsn> <name> <folder>`; it works until it is killed. It stores one
memory for each item of a job. While the folder contains a file `hold`, it stops in the middle of a job.
"""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from mnemo_server.db.connect import connect
from mnemo_server.db.database import Connection, Database
from mnemo_server.db.dsn import parse_dsn
from mnemo_server.db.queries import load_queries
from mnemo_server.domain.clock import system_clock
from mnemo_server.domain.ids import IdSource
from mnemo_server.domain.jobs import Again, ClaimedJob, Done, JobResult
from mnemo_server.domain.memories.memory import ACTIVE, Actor, StoredMemory, hash_content
from mnemo_server.services.indexing import index_memory
from mnemo_server.services.jobs.run import Pace, Progress
from mnemo_server.services.jobs.runner import JobRunner
from mnemo_server.stores.jobs.write import JobWriter
from mnemo_server.stores.memories.write import MemoryWriter
from mnemo_server.stores.opening import open_stores

KIND: Final = "enrich"
#: Short leases, in seconds, so that tests of dying servers are quick.
PACE: Final = Pace(lease=2.0, renew=0.3, skew=0.5, poll=0.05, look=0, look_share=0)
#: Items that one run processes.
_ITEMS_A_RUN: Final = 3
_HOLD_POLL_SECONDS: Final = 0.02


@dataclass(frozen=True)
class Worker:
    """Stores a memory for each item, in the transaction that removes the item."""

    name: str
    folder: Path
    database: Database
    log: TextIO

    def log_event(self, what: str, job: ClaimedJob) -> None:
        """Write a line: event, tenant, job, and the time of a clock that all processes of a machine share."""
        self.log.write(f"{what} {job.tenant_id} {job.id} {time.monotonic_ns()}\n")

    async def run(self) -> None:
        """Work until the process is killed."""
        ids = IdSource(system_clock)
        stores = open_stores(self.database, ids, system_clock)
        variant = self.database.variant
        jobs = JobWriter(load_queries("jobs", variant), ids)
        memories = MemoryWriter(
            load_queries("memories", variant), load_queries("search_entries", variant), ids
        )

        async def handler(job: ClaimedJob, progress: Progress) -> JobResult:
            self.log_event("begin", job)
            items = await stores.jobs.list_items(job, _ITEMS_A_RUN)
            for done, item_id in enumerate(items, 1):
                await self._write(jobs, memories, ids, job, item_id)
                await progress(done, len(items))
                self.log_event("wrote", job)
                await self._hold()
            self.log_event("end", job)
            return Again() if await stores.jobs.count_items(job) else Done()

        await JobRunner(stores.jobs, {KIND: handler}, system_clock, concurrency=2, pace=PACE).run()

    async def _write(
        self, jobs: JobWriter, memories: MemoryWriter, ids: IdSource, job: ClaimedJob, item_id: int
    ) -> None:
        now = system_clock()
        content = f"item {item_id}"
        memory = StoredMemory(
            tenant_id=job.tenant_id,
            id=ids.new_id(),
            content=content,
            memory_type="insight",
            state=ACTIVE,
            version=1,
            content_hash=hash_content(content),
            created_at=now,
            updated_at=now,
            agent_id=self.name,
        )

        async def work(tx: Connection) -> None:
            await memories.insert(tx, [index_memory(memory)], Actor(self.name, None, None))
            await jobs.take_out(tx, job, [item_id], now)

        await self.database.transact(work)

    async def _hold(self) -> None:
        """Wait while the file `hold` exists."""
        while (self.folder / "hold").exists():  # noqa: ASYNC110 - the test is another process
            await asyncio.sleep(_HOLD_POLL_SECONDS)


async def work(dsn: str, name: str, folder: Path) -> None:
    """Open the database and run jobs."""
    database = await connect(parse_dsn(dsn))
    with (folder / f"{name}.log").open("w", buffering=1, encoding="utf-8") as log:
        await Worker(name, folder, database, log).run()


def main() -> None:
    """Run from the command line."""
    dsn, name, folder = sys.argv[1:]
    asyncio.run(work(dsn, name, Path(folder)))


if __name__ == "__main__":
    main()
