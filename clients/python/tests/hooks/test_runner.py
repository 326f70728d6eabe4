"""The whole runner: in this process with scripted servers, and as the process that a host starts."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from mnemos.hooks.runner import run
from mnemos.hosts.claude.events import OWN_TOOLS
from mnemos_contract import TOOLS

from clients.python.tests.hooks.http.test_connection import hang, trickle
from clients.python.tests.hooks.recall.test_recall import make_recall
from clients.python.tests.hooks.support import (
    FIXTURES,
    Recorder,
    make_answer,
    read_fixture,
    run_socket,
)

LINE = "- [0abcdefghjkmn, 2026-11-23, user] The mast is oak."
FOUND = make_recall(LINE, session=(LINE,))
ACCEPTED = make_answer(b'{"status":"accepted","outcome":"created"}', 202)
WAIT_SECONDS = 20


@pytest.fixture
def environment(tmp_path, silent_url) -> dict[str, str]:
    state = str(tmp_path / "state")
    return {
        "HOME": str(tmp_path),
        "XDG_STATE_HOME": state,
        "MEM9_API_URL": silent_url,
        "MEM9_API_KEY": "k",
        "MNEMOS_HOOK_TIMEOUT_MS": "2000",
    }


def run_here(event: str, environment: dict[str, str], data: Any = None, *more: str) -> Any:
    """Run a hook in this process and give the JSON it prints, None for nothing."""
    given = json.dumps(read_fixture(event) if data is None else data).encode()
    arguments = [event, "--harness", "claude", *more]
    output = run(arguments, environment, read_input=lambda: given, limit_life=lambda *_: None)
    return json.loads(output) if output else None


def run_process(event: str, environment: dict[str, str], given: bytes) -> subprocess.CompletedProcess[bytes]:
    """Run a hook as a host does."""
    command = [sys.executable, "-m", "mnemos", "hook", event, "--harness", "claude"]
    return subprocess.run(command, input=given, env=environment, capture_output=True, timeout=30, check=False)


def test_a_prompt_is_given_what_is_known_about_it(environment) -> None:
    server = Recorder(FOUND)
    with run_socket(server) as url:
        answer = run_here("UserPromptSubmit", {**environment, "MEM9_API_URL": url})

    assert answer["hookSpecificOutput"]["hookEventName"] == "UserPromptSubmit"
    assert LINE in answer["hookSpecificOutput"]["additionalContext"]
    assert server.requests[0][0] == "POST /v1alpha2/mem9s/recall HTTP/1.1"
    assert json.loads(server.requests[0][2])["prompt"] == "tell me of the boat"
    assert server.requests[0][1]["x-mnemo-agent-id"] == "claude-code"


def test_a_session_that_is_resumed_begins_with_the_bytes_it_had(environment) -> None:
    changed = make_recall()
    start = read_fixture("SessionStart")
    with run_socket(Recorder(FOUND, changed)) as url:
        there = {**environment, "MEM9_API_URL": url}
        first = run_here("SessionStart", there)
        resumed = run_here("SessionStart", there, {**start, "source": "resume"})
        cleared = run_here("SessionStart", there, {**start, "source": "clear"})

    assert LINE in first["hookSpecificOutput"]["additionalContext"]
    assert resumed == first
    assert cleared is None


def test_our_own_tools_need_no_permission(environment) -> None:
    decision = run_here("PreToolUse", environment)["hookSpecificOutput"]

    assert decision["permissionDecision"] == "allow"


@pytest.mark.parametrize(
    "tool",
    [
        "Bash",
        "mcp__other__memory_store",
        "mcp__plugin_mnemos_memory__memory_store_all",
        "mcp__plugin_mnemos_memory__memory_",
        "mcp__plugin_mnemos_memory__memory_store__memory_store",
        "mcp__plugin_mnemos_memory__other",
    ],
)
def test_no_other_tool_is_let_through(environment, tool) -> None:
    assert run_here("PreToolUse", environment, {"tool_name": tool}) is None


def test_the_tools_that_need_no_leave_are_those_of_the_contract() -> None:
    assert [name.removeprefix("mcp__plugin_mnemos_memory__") for name in OWN_TOOLS] == [
        tool.name for tool in TOOLS
    ]


@pytest.mark.parametrize("event", ["SubagentStop", "PostToolUse", "Nonsense", "", "--help"])
def test_an_unknown_event_is_ignored(environment, event) -> None:
    assert run_here(event, environment, {"session_id": "s1"}) is None


@pytest.mark.parametrize("event", ["SessionStart", "UserPromptSubmit", "Stop", "SessionEnd"])
def test_without_a_key_nothing_is_done(environment, event, tmp_path) -> None:
    assert run_here(event, {**environment, "MEM9_API_KEY": ""}) is None
    assert not (tmp_path / "state" / "mnemos" / "spool").exists()


@pytest.mark.parametrize("event", ["SessionStart", "UserPromptSubmit"])
@pytest.mark.parametrize(
    "behaviour",
    [
        hang,
        trickle,
        lambda connection: connection.close(),
        Recorder(b"\x00\xff" * 100_000),
        Recorder(make_answer(b"<html>")),
        Recorder(make_answer(b'{"memories": 7}')),
        Recorder(make_answer(b'{"memories": [7, {"id": 5}, {}]}')),
        Recorder(make_answer(b"[" * 100_000)),
        Recorder(make_answer(b'{"error":"the database is unavailable"}', 503)),
    ],
)
def test_a_server_in_trouble_means_nothing_recalled(environment, event, behaviour) -> None:
    with run_socket(behaviour) as url:
        troubled = {**environment, "MEM9_API_URL": url, "MNEMOS_HOOK_TIMEOUT_MS": "300"}
        assert run_here(event, troubled) is None


@pytest.mark.parametrize("event", ["UserPromptSubmit", "Stop"])
@pytest.mark.parametrize("given", [b"", b"{", b"[]", b"\xff", b'{"session_id":7,"prompt":["x"],"cwd":{}}'])
def test_nonsense_from_the_host_is_met_with_code_0_and_silence(environment, event, given) -> None:
    done = run_process(event, environment, given)

    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize(
    "trouble",
    [
        {"MEM9_API_URL": "nonsense"},
        {"MEM9_API_KEY": "two words"},
        {"XDG_STATE_HOME": "/proc/nowhere"},
        {"MNEMOS_HOOK_TIMEOUT_MS": "soon"},
        {"MEM9_API_URL": "http://127.0.0.1:9"},
    ],
)
@pytest.mark.parametrize("event", ["SessionStart", "UserPromptSubmit", "Stop"])
def test_no_setting_breaks_a_turn(environment, event, trouble) -> None:
    done = run_process(event, {**environment, **trouble}, json.dumps(read_fixture(event)).encode())

    assert (done.returncode, done.stdout) == (0, b"")


def test_a_hook_ends_while_its_server_hangs(environment) -> None:
    with run_socket(hang) as url:
        hung = {**environment, "MEM9_API_URL": url, "MNEMOS_HOOK_TIMEOUT_MS": "80"}
        done = run_process("UserPromptSubmit", hung, json.dumps(read_fixture("UserPromptSubmit")).encode())

    assert (done.returncode, done.stdout) == (0, b"")


def test_a_server_that_hangs_is_asked_once_and_then_left_alone(environment, tmp_path) -> None:
    asked = []
    with run_socket(lambda connection: (asked.append(1), hang(connection))) as url:
        hung = {**environment, "MEM9_API_URL": url, "MNEMOS_HOOK_TIMEOUT_MS": "200"}
        for _ in range(3):
            assert run_here("UserPromptSubmit", hung) is None

    log = (tmp_path / "state" / "mnemos" / "log" / "hook.log").read_text()
    assert len(asked) == 1
    assert "; paused until " in log
    assert len(log.splitlines()) == 2


def test_a_session_that_continues_gets_its_block_while_the_server_is_left_alone(environment) -> None:
    with run_socket(Recorder(FOUND)) as url:
        there = {**environment, "MEM9_API_URL": url}
        first = run_here("SessionStart", there)
    with run_socket(hang) as url:
        hung = {**there, "MEM9_API_URL": url, "MNEMOS_HOOK_TIMEOUT_MS": "200"}
        assert run_here("UserPromptSubmit", hung) is None
        assert run_here("SessionStart", hung, {**read_fixture("SessionStart"), "source": "resume"}) == first


def test_a_process_that_is_ended_during_a_recall_says_so_in_the_log(environment, tmp_path) -> None:
    limits = []
    given = json.dumps(read_fixture("UserPromptSubmit")).encode()
    with run_socket(lambda connection: (limits[-1][1](), hang(connection))) as url:  # its time is over
        run(
            ["UserPromptSubmit", "--harness", "claude"],
            {**environment, "MEM9_API_URL": url, "MNEMOS_HOOK_TIMEOUT_MS": "200"},
            read_input=lambda: given,
            limit_life=lambda *limit: limits.append(limit),
        )

    (line,) = (tmp_path / "state" / "mnemos" / "log" / "hook.log").read_text().splitlines()
    assert "UserPromptSubmit: nothing recalled: no end after " in line


def test_an_error_in_a_recall_is_a_miss_with_its_reason(environment, monkeypatch, tmp_path) -> None:
    def fail(*_arguments, deadline, **_options) -> None:
        deadline.remaining_seconds()
        raise RuntimeError("broken")

    monkeypatch.setattr("mnemos.hooks.recall.session.recall", fail)
    assert run_here("UserPromptSubmit", environment) is None
    (path,) = (tmp_path / "state" / "mnemos" / "servers").iterdir()
    assert json.loads(path.read_bytes())["recent"][0][2] == "RuntimeError: broken"


@pytest.mark.parametrize("event", ["Stop", "PreCompact", "SessionEnd"])
def test_capture_prints_nothing_and_a_detached_process_sends_what_was_said(
    environment, event, tmp_path
) -> None:
    data = read_fixture(event) | {"transcript_path": str(FIXTURES / "transcript.jsonl")}
    server = Recorder(ACCEPTED)
    with run_socket(server) as url:
        done = run_process(event, {**environment, "MEM9_API_URL": url}, json.dumps(data).encode())
        log = tmp_path / "state" / "mnemos" / "log" / "hook.log"
        wait_until(lambda: log.is_file() and "uploaded" in log.read_text())

    assert (done.returncode, done.stdout) == (0, b"")
    body = json.loads(server.requests[0][2])
    assert [message["content"] for message in body["messages"]][:2] == [
        "tell me of the boat",
        "The mast is oak.",
    ]
    assert list((tmp_path / "state" / "mnemos" / "spool").iterdir()) == []


def test_hooks_that_run_at_the_same_time_capture_each_message_once(environment, tmp_path) -> None:
    data = read_fixture("Stop") | {"transcript_path": str(FIXTURES / "transcript.jsonl")}
    events = ("Stop", "PreCompact", "SessionEnd", "Stop", "SessionEnd")
    down = {**environment, "MEM9_API_URL": "http://127.0.0.1:9"}
    with ThreadPoolExecutor(len(events)) as pool:
        given = json.dumps(data).encode()
        done = list(pool.map(lambda event: run_process(event, down, given), events))

    assert {process.returncode for process in done} == {0}
    files = (tmp_path / "state" / "mnemos" / "spool").glob("*.json")
    messages = [message for file in files for message in json.loads(file.read_bytes())["messages"]]
    assert [message["seq"] for message in messages] == list(range(6))


def test_a_host_that_holds_its_output_closed_breaks_nothing(environment) -> None:
    with run_socket(Recorder(FOUND)) as url:
        command = [sys.executable, "-m", "mnemos", "hook", "UserPromptSubmit", "--harness=claude"]
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**environment, "MEM9_API_URL": url},
        )
        assert process.stdout is not None
        process.stdout.close()
        assert process.stdin is not None
        process.stdin.write(json.dumps(read_fixture("UserPromptSubmit")).encode())
        process.stdin.close()

        assert process.wait(20) == 0


def test_a_hook_imports_neither_pydantic_nor_an_http_library() -> None:
    code = (
        "import sys, mnemos.hooks.runner as r;"
        "r.run(['UserPromptSubmit', '--harness', 'claude'], {'MEM9_API_KEY': 'k', 'HOME': '/nonexistent',"
        " 'MEM9_API_URL': 'http://127.0.0.1:9'},"
        ' read_input=lambda: b\'{"prompt": "the mast", "cwd": ".", "session_id": "s:1"}\','
        " limit_life=lambda *_: None);"
        "print(*sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()

    assert "mnemos.hooks.http.connection" in loaded
    costly = {
        "pydantic",
        "http.client",
        "urllib.request",
        "argparse",
        "asyncio",
        "dataclasses",
        "hashlib",
        "mnemos.hooks.http.proxies",
        "pathlib",
        "urllib.parse",
        "threading",
        "subprocess",
        "ssl",
    }
    assert costly.isdisjoint(loaded)


def wait_until(condition) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < end, "it didn't happen in time"
        time.sleep(0.01)


@pytest.mark.parametrize("key", ["k", ""])
def test_a_mistyped_variable_is_noted_in_the_log_when_a_session_starts(environment, tmp_path, key) -> None:
    mistyped = {
        **environment,
        "MEM9_API_KEY": key,
        "MEM9_API_URL": "http://127.0.0.1:9",
        "MNEMOS_CAPTUR": "x",
    }

    for event in ("SessionStart", "UserPromptSubmit", "Stop"):
        run_here(event, mistyped)

    log = (tmp_path / "state" / "mnemos" / "log" / "hook.log").read_text()
    assert log.count("unknown variable MNEMOS_CAPTUR: ") == 1
