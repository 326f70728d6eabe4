"""Several processes run the jobs of one database, and some of them die: each item is processed once."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest
from mnemo_server.db.connect import connect
from mnemo_server.db.dsn import parse_dsn
from mnemo_server.db.migrate import migrate
from mnemo_server.domain.clock import system_clock
from mnemo_server.domain.ids import IdSource
from mnemo_server.domain.jobs import JobRequest
from mnemo_server.stores.opening import open_stores

from tests.support.databases import peek
from tests.support.job_worker import KIND, PACE

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 40
SEED = 20_261_124


@dataclass
class WorkerProcess:
    """A process that runs jobs, and its log."""

    process: subprocess.Popen[str]
    log_path: Path
    #: When it was killed, by the clock of its log; None while it runs.
    killed_at: int | None = None

    def kill(self) -> None:
        """Kill it at once, as a crash would."""
        if self.killed_at is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(SECONDS)
            self.killed_at = time.monotonic_ns()

    def lines(self, what: str) -> list[list[int]]:
        """Return tenant, job and time of the lines of one kind."""
        text = self.log_path.read_text() if self.log_path.exists() else ""
        complete = text[: text.rfind("\n") + 1].splitlines()
        return [list(map(int, line.split()[1:])) for line in complete if line.startswith(what)]

    def spans(self) -> list[tuple[int, int, int]]:
        """Return job, begin and end of each run; a run that was cut off ended with the process."""
        ends = {(job, begin): None for _, job, begin in self.lines("begin")}
        for _, job, end in self.lines("end"):
            begin = max(begin for one, begin in ends if one == job and begin < end)
            ends[job, begin] = end
        last = self.killed_at or time.monotonic_ns()
        return [(job, begin, end or last) for (job, begin), end in ends.items()]


@dataclass
class Crew:
    """The processes of one test."""

    dsn: str
    folder: Path
    workers: list[WorkerProcess] = field(default_factory=list)

    def start(self) -> WorkerProcess:
        name = f"worker{len(self.workers)}"
        command = [sys.executable, "-m", "tests.support.job_worker", self.dsn, name, str(self.folder)]
        log = (self.folder / f"{name}.err").open("w")
        with log:
            process = subprocess.Popen(command, cwd=ROOT, stderr=log, stdout=log, text=True)
        worker = WorkerProcess(process, self.folder / f"{name}.log")
        self.workers.append(worker)
        return worker

    def ask(self, *requests: JobRequest) -> None:
        """Request jobs as another server would, each in its own transaction."""

        async def ask() -> None:
            database = await connect(parse_dsn(self.dsn))
            try:
                await migrate(database)
                stores = await asyncio.to_thread(open_stores, database, IdSource(system_clock), system_clock)
                for request in requests:
                    await stores.jobs.request(request, system_clock())
            finally:
                await database.close()

        asyncio.run(ask())

    def wait_until_done(self) -> None:
        self.wait_for(
            lambda: not peek.fetch_rows(self.dsn, "SELECT id FROM jobs WHERE state <> 'done' LIMIT 1;")
        )

    def wait_for(self, is_so: Callable[[], bool]) -> None:
        deadline = time.monotonic() + SECONDS
        while not is_so():
            errors = "\n".join(path.read_text() for path in self.folder.glob("*.err"))
            assert time.monotonic() < deadline, errors
            time.sleep(0.02)

    def ask_and_kill(self, requests: list[JobRequest], items: int) -> None:
        """Request jobs, and kill the first process that has written `items` of their items."""
        living = [worker for worker in self.workers if worker.killed_at is None]
        before = [len(worker.lines("wrote")) for worker in living]
        dying: list[WorkerProcess] = []
        self.ask(*requests)

        def is_found() -> bool:
            counts = zip(living, before, strict=True)
            dying[:] = [one for one, count in counts if len(one.lines("wrote")) >= count + items]
            return bool(dying)

        self.wait_for(is_found)
        dying[0].kill()

    def lease_until(self) -> int:
        """Return the end of the lease of the only job."""
        (job,) = peek.fetch_rows(self.dsn, "SELECT lease_until FROM jobs;")
        return int(job["lease_until"])

    def written(self) -> Counter[str]:
        """Return the number of memories of each item."""
        rows = peek.fetch_rows(self.dsn, "SELECT content FROM memories;")
        return Counter(row["content"] for row in rows)

    def overlaps(self) -> list[tuple[int, int]]:
        """Return the jobs that two runs worked on at once, and for how many nanoseconds."""
        spans = sorted(span for worker in self.workers for span in worker.spans())
        return [
            (one[0], one[2] - other[1])
            for one, other in pairwise(spans)
            if one[0] == other[0] and other[1] < one[2]
        ]


@pytest.fixture
def crew(dsn: str, tmp_path: Path) -> Iterator[Crew]:
    folder = tmp_path / "crew"
    folder.mkdir()
    crew = Crew(dsn, folder)
    yield crew
    for worker in crew.workers:
        worker.kill()


def requests_of(jobs: int, items: int, first: int = 1) -> list[JobRequest]:
    """Return requests with `items` items each, numbered from `first`, for three tenants."""
    starts = range(first, first + jobs * items, items)
    return [
        JobRequest(1 + number % 3, KIND, f"session:{number}", range(start, start + items))
        for number, start in enumerate(starts)
    ]


def once_each(*requests: JobRequest) -> dict[str, int]:
    return {f"item {item_id}": 1 for request in requests for item_id in request.item_ids}


def test_servers_never_work_on_one_job_at_once_and_lose_no_request(crew: Crew):
    first, later = requests_of(6, 7), requests_of(6, 4, first=1_000)
    crew.ask(*first)
    for _ in range(3):
        crew.start()
    crew.wait_for(lambda: sum(len(worker.lines("wrote")) for worker in crew.workers) > 3)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(crew.ask, later))
    crew.wait_until_done()

    assert crew.written() == once_each(*first, *later)
    assert crew.overlaps() == []
    assert sum(bool(worker.lines("begin")) for worker in crew.workers) > 1
    assert peek.find_broken_pairs(crew.dsn) == {}


def test_jobs_of_a_killed_server_are_finished_by_another_after_the_lease(crew: Crew):
    requests = requests_of(1, 3)
    crew.ask(*requests)
    (crew.folder / "hold").touch()
    dying = crew.start()
    crew.wait_for(lambda: bool(dying.lines("wrote")))
    other = crew.start()
    lease_until = crew.lease_until()
    longer = 1_000_000 * round(PACE.lease + PACE.skew + 1)
    crew.wait_for(lambda: crew.lease_until() > lease_until + longer)
    assert other.lines("begin") == []

    dying.kill()
    (crew.folder / "hold").unlink()
    crew.wait_until_done()

    assert crew.written() == once_each(*requests)
    assert len(dying.lines("wrote")) == 1
    assert len(other.lines("wrote")) == 2
    (job,) = peek.fetch_rows(crew.dsn, "SELECT attempts, error FROM jobs;")
    assert (job["attempts"], job["error"]) == (0, None)


def test_items_are_processed_once_whatever_is_killed(crew: Crew):
    moments = random.Random(SEED)
    asked: list[JobRequest] = []
    crew.ask()
    crew.start()
    for first in (1, 1_000, 2_000):
        crew.start()
        crew.wait_for(lambda: all(worker.log_path.exists() for worker in crew.workers))
        requests = requests_of(6, 7, first)
        asked += requests
        crew.ask_and_kill(requests, moments.randrange(1, 6))
    crew.wait_until_done()

    assert crew.written() == once_each(*asked)
    assert crew.overlaps() == []
    assert peek.find_broken_pairs(crew.dsn) == {}


#: Adds a copy of every job.
DOUBLE = """
INSERT INTO jobs (tenant_id, id, kind, target, state, requests, attempts, run_at, done_count, total_count,
  created_at, updated_at)
SELECT tenant_id, id + :step, kind, id + :step, state, requests, attempts, run_at, 0, 0, created_at,
  updated_at
FROM jobs;"""


def test_ten_thousand_jobs_of_one_tenant_do_not_keep_another_waiting(crew: Crew):
    crew.ask(JobRequest(1, KIND, "session:0"))
    step = 1
    while step < 10_000:
        peek.change_rows(crew.dsn, DOUBLE, {"step": step})
        step *= 2
    crew.ask(JobRequest(2, KIND, "session:s", (7,)))

    worker = crew.start()
    crew.wait_for(lambda: len(worker.lines("begin")) >= 4)

    assert 2 in [tenant_id for tenant_id, _, _ in worker.lines("begin")[:3]]
