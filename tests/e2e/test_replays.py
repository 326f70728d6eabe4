"""A transcript that is captured again, in whatever way, adds nothing to what the server has."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mnemos.hooks.runner import run
from mnemos.hooks.upload import lifetime

from tests.support.interfaces.rest import RestApi
from tests.support.secret_maker import SecretMaker, find_leak
from tests.support.servers import RunningServer

Line = dict[str, Any]
BLOCK = (
    "<relevant-memories>\nNotes kept from earlier sessions.\n"
    "- [0abcdefghjkmn, 2026-11-23] The staging database is read-only on Fridays.\n</relevant-memories>"
)
SECRET = SecretMaker(20_261_125).make("github classic")
SESSION, REPLAYS_OF_A_KIND = "11111111-0000-0000-0000-000000000000", 4


def make_lines() -> list[Line]:
    """Return a conversation with everything that the guard of the capture checks."""
    said = [
        ("user", "Deploy the ledger with " + SECRET.text),
        ("context", BLOCK),
        ("assistant", "From memory: the staging database is read-only on Fridays."),
        ("user", "ok"),
        ("assistant", "Shall I use the local copy instead?"),
        ("user", "yes"),
        ("assistant", "The ledger runs on the local copy. Shall I drop the old table?"),
        ("user", "yes"),
        ("assistant", "Dropped: the table `entries_old` is gone."),
        ("user", "thanks!"),
        ("user", "\n".join(f"2026-11-25 10:00:{number:02d} INFO worker is up" for number in range(40))),
        ("assistant", "You're welcome!"),
        ("user", "<relevant-memories>\n- [0abcdefghjkmn, 2026-11-23] The mast is oak.\n</relevant-memories>"),
        ("user", "The depot of the ledger team closes at 17:40."),
    ]
    return [make_line(number, role, text) for number, (role, text) in enumerate(said)]


def make_line(number: int, role: str, text: str) -> Line:
    ids = {"uuid": str(uuid.UUID(int=number + 1)), "timestamp": f"2026-11-25T10:{number:02d}:00.000Z"}
    if role == "context":
        attachment = {"type": "hook_additional_context", "content": [text], "hookEvent": "SessionStart"}
        return {**ids, "type": "attachment", "attachment": attachment}
    return {**ids, "type": role, "message": {"role": role, "content": text}}


KEPT = [
    (0, "Deploy the ledger with [redacted:github_token:"),
    (3, "Shall I use the local copy instead?"),
    (4, "yes"),
    (5, "The ledger runs on the local copy."),
    (6, "yes"),
    (7, "Dropped: the table"),
    (11, "The depot of the ledger team"),
]


class Host:
    """Claude Code as its hooks see it, with a transcript for each session."""

    def __init__(self, folder: Path, server: RunningServer) -> None:
        self.folder = folder
        self.state_folder = folder / "state" / "mnemos"
        self.environment = {
            "HOME": str(folder),
            "XDG_STATE_HOME": str(folder / "state"),
            "MEM9_API_URL": server.url,
            "MEM9_API_KEY": server.api_key,
        }

    def stop(self, session_id: str, lines: list[Line]) -> None:
        """End a turn whose transcript consists of these lines, and send what was captured."""
        path = self.folder / f"{session_id}.jsonl"
        text = "".join(json.dumps({**line, "sessionId": session_id}) + "\n" for line in lines)
        path.write_text(text, encoding="utf-8")
        event = {"hook_event_name": "Stop", "session_id": session_id, "transcript_path": str(path)}
        self._run("Stop", json.dumps(event).encode())
        self._run("upload", b"")
        assert list((self.state_folder / "spool").iterdir()) == []

    def _run(self, name: str, given: bytes) -> None:
        arguments = [name, "--harness", "claude", f"--host-pid={os.getpid()}"]
        assert run(arguments, self.environment, read_input=lambda: given, limit_life=lambda *_: None) == b""


@pytest.fixture
def server(dsn: str, start: Callable[..., RunningServer]) -> RunningServer:
    return start(dsn)


@pytest.fixture
def api(server: RunningServer) -> Iterator[RestApi]:
    with RestApi(server.url, server.api_key) as api:
        yield api


@pytest.fixture
def host(tmp_path: Path, server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> Host:
    # The test uploads by itself, so that it knows when the upload is complete.
    monkeypatch.setattr(lifetime, "start_uploader", lambda *_: None)
    monkeypatch.chdir(tmp_path)  # an uploader changes its working folder
    return Host(tmp_path, server)


def name_fork(number: int) -> str:
    return f"22222222-0000-0000-0000-{number:012d}"


def fork(lines: list[Line]) -> list[Line]:
    """Copy lines as Claude Code 2.1.330 does into a fork: the model's lines name their first session."""
    return [{**line, "requestSessionId": SESSION} if line["type"] == "assistant" else line for line in lines]


def list_kept(api: RestApi, *more_sessions: str) -> list[tuple[int, str]]:
    return [(message["seq"], message["content"]) for message in api.messages(SESSION, *more_sessions)]


def test_a_transcript_replayed_twenty_times_adds_nothing(api: RestApi, host: Host) -> None:
    lines = make_lines()
    for end in (3, 5, 7, 9, 12, len(lines)):  # turn by turn
        host.stop(SESSION, lines[:end])
    first = list_kept(api)
    assert [seq for seq, _ in first] == [seq for seq, _ in KEPT]
    assert all(content.startswith(head) for (_, content), (_, head) in zip(first, KEPT, strict=True))
    assert find_leak(SECRET.random, json.dumps(first)) is None

    forks = [name_fork(number) for number in range(2 * REPLAYS_OF_A_KIND)]
    for number in range(REPLAYS_OF_A_KIND):
        host.stop(SESSION, lines)
        shutil.rmtree(host.state_folder / "cursors")
        host.stop(SESSION, lines)
        host.stop(forks[number], lines)
        shutil.rmtree(host.state_folder)
        host.stop(SESSION, lines)
        host.stop(forks[REPLAYS_OF_A_KIND + number], fork(lines))
        assert list_kept(api, *forks) == first


def test_a_fork_adds_only_what_is_said_in_it_even_without_local_state(api: RestApi, host: Host) -> None:
    lines = make_lines()
    host.stop(SESSION, lines)
    first = list_kept(api)
    shutil.rmtree(host.state_folder)
    # The last prompt of the copy has no reply, so it would look like one that was said in the fork.
    copied = fork(lines[:12])

    host.stop(name_fork(0), [*copied, make_line(50, "user", "In the fork the depot closes at 18:00.")])
    host.stop(name_fork(0), [*copied, make_line(50, "user", "In the fork the depot closes at 18:00.")])

    assert list_kept(api) == first
    assert list_kept(api, name_fork(0))[len(first) :] == [(11, "In the fork the depot closes at 18:00.")]
