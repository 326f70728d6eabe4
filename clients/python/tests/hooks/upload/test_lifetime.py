from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import pytest
from mnemos.hooks.upload import lifetime as lifetime_module
from mnemos.hooks.upload.lifetime import Lifetime, is_alive, read_host_pid, start_uploader

WAIT_SECONDS = 20


@pytest.fixture
def ended() -> threading.Event:
    return threading.Event()


@pytest.fixture
def host():
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.communicate()


def test_without_a_host_it_ends_when_nothing_gets_ahead(ended, monkeypatch) -> None:
    monkeypatch.setattr(lifetime_module, "PATIENCE_SECONDS", 0.05)
    Lifetime(None, ended.set).start()

    assert ended.wait(WAIT_SECONDS)


def test_with_its_host_it_goes_on_and_ends_after_it(ended, host, monkeypatch) -> None:
    monkeypatch.setattr(lifetime_module, "PATIENCE_SECONDS", 0.05)
    Lifetime(host.pid, ended.set).start()
    assert not ended.wait(0.5)

    host.kill()
    host.wait()

    assert ended.wait(WAIT_SECONDS)


def test_what_gets_ahead_goes_on_without_a_host(ended, monkeypatch) -> None:
    monkeypatch.setattr(lifetime_module, "PATIENCE_SECONDS", 1.0)
    lifetime = Lifetime(None, ended.set)
    lifetime.start()
    end = time.monotonic() + 2.0
    while time.monotonic() < end:
        lifetime.note_progress()
        assert not ended.wait(0.02)

    assert ended.wait(WAIT_SECONDS)


@pytest.mark.parametrize(
    ("argv", "pid"),
    [
        (["upload", "--host-pid=77"], 77),
        (["upload", "--host-pid=1"], None),
        (["upload", "--host-pid="], None),
        (["upload", "--host-pid=-5"], None),
        (["upload"], None),
    ],
)
def test_the_host_is_read_from_the_command_line(argv, pid) -> None:
    assert read_host_pid(argv) == pid


def test_a_process_is_alive_until_it_has_ended(host) -> None:
    assert is_alive(host.pid)
    host.kill()
    host.wait()
    assert not is_alive(host.pid)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # nobody waits for it
@pytest.mark.parametrize("is_slow", [False, True])
def test_the_uploader_is_started_in_a_session_of_its_own_and_knows_the_host(
    state, tmp_path, monkeypatch, is_slow
) -> None:
    told = tmp_path / "told"
    program = tmp_path / "python"
    program.write_text(f'#!/bin/sh\necho "$@" $(ps -o sid= -p $$) $$ > {told}.part; mv {told}.part {told}\n')
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    if is_slow:
        monkeypatch.delattr(os, "posix_spawn")
        state.get_subfolder("spool")

    start_uploader(state, "claude")

    end = time.monotonic() + WAIT_SECONDS
    while not told.exists():
        assert time.monotonic() < end
        time.sleep(0.01)
    *arguments, session, pid = told.read_text().split()
    assert arguments == [
        "-P", "-m", "mnemos", "hook", "upload", "--harness", "claude", f"--host-pid={os.getppid()}",
    ]  # fmt: skip
    assert session == pid
