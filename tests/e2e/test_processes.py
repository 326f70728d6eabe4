"""Many processes on one SQLite file, and servers that start at the same moment."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.e2e.conftest import Start
from tests.support.databases import peek
from tests.support.interfaces.rest import RestApi

ROOT = Path(__file__).resolve().parents[2]
PROCESSES = 8
EACH = 20
EACH_ON_A_FRESH_FILE = 4
SECONDS = 50


def run_crowd(dsn: str, each: int) -> list[subprocess.CompletedProcess[str]]:
    """Run all processes at once, each storing and reading through its own services."""

    def run(number: int) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tests.support.crowd", dsn, f"crowd{number}", str(each)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False)

    with ThreadPoolExecutor(PROCESSES) as pool:
        return list(pool.map(run, range(PROCESSES)))


def test_eight_processes_on_one_file_cause_no_error_and_lose_nothing(tmp_path: Path, start: Start):
    dsn = f"sqlite:///{tmp_path / 'shared.db'}"
    server = start(dsn)
    runs = run_crowd(dsn, EACH)
    assert [(run.returncode, run.stderr) for run in runs] == [(0, "")] * PROCESSES
    ids = [memory_id for run in runs for memory_id in json.loads(run.stdout)]
    assert len(ids) == len(set(ids)) == PROCESSES * EACH
    with RestApi(server.url, server.api_key) as api:
        listed = [memory for page in api.pages(200) for memory in page["memories"]]
        assert {memory["id"] for memory in listed} == set(ids)
        assert {memory["version"] for memory in listed} == {2}
        assert api.page(q="the code is")["total"] == len(ids)
    assert peek.find_broken_pairs(dsn) == {}


def test_eight_processes_can_start_on_an_empty_file(tmp_path: Path):
    dsn = f"sqlite:///{tmp_path / 'fresh.db'}"
    runs = run_crowd(dsn, EACH_ON_A_FRESH_FILE)
    assert [(run.returncode, run.stderr) for run in runs] == [(0, "")] * PROCESSES
    assert (
        peek.fetch_rows(dsn, "SELECT COUNT(*) AS n FROM memories;")[0]["n"]
        == PROCESSES * EACH_ON_A_FRESH_FILE
    )
    assert peek.fetch_rows(dsn, "SELECT COUNT(*) AS n FROM tenants;")[0]["n"] == 1


def test_of_servers_that_start_at_once_on_an_empty_database_one_shows_the_key(dsn: str, start: Start):
    with ThreadPoolExecutor(3) as pool:
        servers = list(pool.map(lambda _: start(dsn), range(3)))
    shown = [server.api_key for server in servers if server.api_key]
    assert len(shown) == 1
    for server in servers:
        with RestApi(server.url, shown[0]) as api:
            api.store("ready")
    assert peek.fetch_rows(dsn, "SELECT COUNT(*) AS n FROM tenants;")[0]["n"] == 1
