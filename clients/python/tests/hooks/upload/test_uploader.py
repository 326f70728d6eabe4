"""The uploader as a process whose host has ended: it continues while it makes progress, or ends soon."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from mnemos.hooks.state import State
from mnemos.hooks.upload.spool import Spool

from clients.python.tests.hooks.http.test_connection import hang, trickle
from clients.python.tests.hooks.support import make_answer, read_request, run_socket

ACCEPTED = make_answer(b'{"status":"accepted","outcome":"created"}', 202)
WINDOWS = 6


@pytest.fixture
def spool(tmp_path, settings) -> Spool:
    spool = Spool(State(tmp_path / "mnemos"), settings)
    for number in range(WINDOWS):
        spool.add({"session_id": "s1"}, [{"role": "user", "content": f"word {number}", "seq": number}])
    return spool


def run_uploader(tmp_path, settings, url: str) -> float:
    """Run it to its end and tell how long that took."""
    environment = {"XDG_STATE_HOME": str(tmp_path), "MEM9_API_URL": url, "MEM9_API_KEY": settings.api_key}
    started = time.monotonic()
    command = [sys.executable, "-P", "-m", "mnemos", "hook", "upload", "--harness", "claude"]
    done = subprocess.run(command, env=environment, capture_output=True, timeout=30, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    return time.monotonic() - started


@pytest.mark.parametrize("behaviour", [hang, trickle, lambda connection: connection.close()])
def test_without_progress_it_ends_long_before_its_deadlines(spool, tmp_path, settings, behaviour) -> None:
    with run_socket(behaviour) as url:
        took = run_uploader(tmp_path, settings, url)

    assert took < 9, "one request alone may take 10 s while the host lives"
    assert len(spool.list_waiting()) == WINDOWS


def test_what_gets_ahead_is_sent_to_its_end(spool, tmp_path, settings) -> None:
    def answer_slowly(connection) -> None:
        read_request(connection)
        time.sleep(0.25)
        connection.sendall(ACCEPTED)

    with run_socket(answer_slowly) as url:
        took = run_uploader(tmp_path, settings, url)

    assert took > WINDOWS * 0.25
    assert spool.list_waiting() == []
