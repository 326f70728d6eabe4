from __future__ import annotations

import json
import stat

import pytest
from mnemos.hooks.capture.capture import capture
from mnemos.hooks.events import HookEvent
from mnemos.hooks.naming import name_session
from mnemos.hooks.upload import spool as spool_module
from mnemos.hooks.upload.spool import Spool
from mnemos.hosts.claude.events import ClaudeAdapter

from clients.python.tests.hooks.support import FIXTURES, make_line, read_fixture, write_lines


def make_event(path, session_id: str = "s1", **fields) -> HookEvent:
    return HookEvent("capture", "Stop", session_id, transcript_path=str(path), **fields)


def read_spool(state, settings) -> list[dict]:
    return [json.loads(path.read_bytes()) for path in Spool(state, settings).list_waiting()]


def test_a_recorded_stop_spools_the_conversation_for_the_server(state, settings) -> None:
    data = read_fixture("Stop") | {"transcript_path": str(FIXTURES / "transcript.jsonl")}
    event = ClaudeAdapter().read_event("Stop", data)
    assert event is not None

    assert capture(event, ClaudeAdapter(), settings, state) == 6

    (body,) = read_spool(state, settings)
    assert (body["session_id"], body["agent_id"]) == ("17a2e386-bd4a-4855-a0eb-ba6bae554884", "tester")
    assert body["messages"][0] == {
        "role": "user",
        "content": "tell me of the boat",
        "seq": 0,
        "created_at": "2026-11-23T20:40:36.739Z",
    }
    assert "project" not in body


def test_stop_precompact_and_session_end_capture_a_turn_once(state, settings, tmp_path) -> None:
    path = tmp_path / "t.jsonl"
    write_lines(path, 0, 1)

    counts = [
        capture(make_event(path)._replace(name=name), ClaudeAdapter(), settings, state)
        for name in ("Stop", "PreCompact", "SessionEnd")
    ]

    assert counts == [2, 0, 0]
    assert len(read_spool(state, settings)) == 1


def test_two_sessions_have_cursors_of_their_own(state, settings, tmp_path) -> None:
    path = tmp_path / "t.jsonl"
    write_lines(path, 0, 1)

    assert [
        capture(make_event(path, session), ClaudeAdapter(), settings, state) for session in ("s1", "s2")
    ] == [2, 2]


def test_a_lost_cursor_repeats_the_same_places(state, settings, tmp_path) -> None:
    path = tmp_path / "t.jsonl"
    write_lines(path, 0, 1)
    capture(make_event(path), ClaudeAdapter(), settings, state)
    (state.folder / "cursors" / "s1.json").write_text("{")

    capture(make_event(path), ClaudeAdapter(), settings, state)

    first, second = (body["messages"] for body in read_spool(state, settings))
    assert first == second


def test_the_project_goes_with_the_messages(state, settings, tmp_path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text('[remote "origin"]\n\turl = git@example.org:ada/boat.git\n')
    write_lines(tmp_path / "t.jsonl", 0)

    capture(make_event(tmp_path / "t.jsonl", cwd=str(tmp_path)), ClaudeAdapter(), settings, state)

    assert read_spool(state, settings)[0]["project"] == "example.org/ada/boat"


def test_a_long_window_is_split_into_requests_that_fit(state, settings, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(spool_module, "MAX_REQUEST_BYTES", 20_000)
    path = tmp_path / "t.jsonl"
    path.write_bytes(
        b"".join(make_line(n, message={"role": "user", "content": "é è " * 500}) for n in range(20))
    )

    capture(make_event(path), ClaudeAdapter(), settings, state)

    files = Spool(state, settings).list_waiting()
    assert all(file.stat().st_size <= 20_000 for file in files)
    assert [message["seq"] for body in read_spool(state, settings) for message in body["messages"]] == list(
        range(20)
    )


def test_only_the_owner_can_read_what_is_spooled(state, settings, tmp_path) -> None:
    write_lines(tmp_path / "t.jsonl", 0)
    capture(make_event(tmp_path / "t.jsonl"), ClaudeAdapter(), settings, state)

    (file,) = Spool(state, settings).list_waiting()

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(state.folder.stat().st_mode) == 0o700


def test_a_full_spool_drops_the_oldest_and_says_so(state, settings, monkeypatch) -> None:
    monkeypatch.setattr(spool_module, "MAX_FILES", 3)
    spool = Spool(state, settings)
    for number in range(5):
        spool.add({"session_id": "s1"}, [{"role": "user", "content": str(number), "seq": number}])

    assert [body["messages"][0]["content"] for body in read_spool(state, settings)] == ["2", "3", "4"]
    assert "is full" in (state.folder / "log" / "hook.log").read_text()


def test_what_was_captured_for_one_key_is_not_sent_with_another(state, settings) -> None:
    Spool(state, settings).add({"session_id": "s1"}, [{"role": "user", "content": "x", "seq": 0}])

    assert Spool(state, settings._replace(api_key="another")).list_waiting() == []
    assert len(Spool(state, settings._replace(url="http://127.0.0.1:10")).list_waiting()) == 1


@pytest.mark.parametrize("session_id", ["../../etc/passwd", "a/b", "", "x" * 500, ".hidden", "\ud800"])
def test_no_session_id_leads_out_of_the_state_folder(session_id) -> None:
    name = name_session(session_id)

    assert "/" not in name
    assert not name.startswith(".")
    assert len(name) <= 100
