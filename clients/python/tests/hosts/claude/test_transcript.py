from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mnemos._generated.limits import MAX_MESSAGE_BYTES
from mnemos.hooks.messages import Cursor
from mnemos.hosts.claude import transcript
from mnemos.hosts.claude.transcript import read_line, read_window

from clients.python.tests.hooks.support import FIXTURES, make_line, write_lines

RECORDED = FIXTURES / "transcript.jsonl"
SAID = [
    ("user", "tell me of the boat"),
    ("assistant", "The mast is oak."),
    ("user", "second question"),
    ("assistant", "Second answer."),
    ("user", "third question"),
    ("assistant", "Third answer."),
]


def test_a_recorded_transcript_gives_what_was_said_and_nothing_else() -> None:
    """Tool calls, system reminders, request blobs, commands, summaries, helpers and API errors stay out."""
    messages = read_window(RECORDED, Cursor()).messages

    assert [(message.role, message.content) for message in messages] == SAID
    assert [message.seq for message in messages] == list(range(6))
    assert messages[0].timestamp == "2026-11-23T20:40:36.739Z"


def test_the_next_window_begins_where_the_last_one_ended(tmp_path) -> None:
    path = tmp_path / "t.jsonl"
    write_lines(path, 0, 1)
    first = read_window(path, Cursor())
    write_lines(path, 0, 1, 2)

    second = read_window(path, first.cursor)

    assert [message.content for message in second.messages] == ["word 2"]
    assert second.messages[0].seq == 2
    assert read_window(path, second.cursor).messages == []


def test_a_line_still_being_written_waits(tmp_path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(make_line(0) + make_line(1)[:-9])
    first = read_window(path, Cursor())
    write_lines(path, 0, 1)

    assert [message.content for message in first.messages] == ["word 0"]
    assert [message.content for message in read_window(path, first.cursor).messages] == ["word 1"]


@pytest.mark.parametrize(
    ("rewritten", "new"),
    [
        ([5, 0, 1, 7, 8], ["word 7", "word 8"]),  # rewritten with something in front
        ([0, 7], ["word 7"]),  # cut back and gone on
        ([7, 8], ["word 7", "word 8"]),  # another conversation
        ([0], []),  # cut back
    ],
)
def test_a_rewritten_transcript_goes_on_after_the_last_known_message(tmp_path, rewritten, new) -> None:
    path = tmp_path / "t.jsonl"
    write_lines(path, 0, 1)
    cursor = read_window(path, Cursor()).cursor
    write_lines(path, *rewritten)

    window = read_window(path, cursor)

    assert [message.content for message in window.messages] == new
    assert [message.seq for message in window.messages] == list(range(2, 2 + len(new)))


def test_a_long_transcript_is_read_in_windows(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(transcript, "MAX_WINDOW_BYTES", 300)
    path = tmp_path / "t.jsonl"
    write_lines(path, *range(20))
    cursor, seqs = Cursor(), []
    while (window := read_window(path, cursor)).cursor != cursor:
        assert len(window.messages) < 10
        seqs += [message.seq for message in window.messages]
        cursor = window.cursor

    assert seqs == list(range(20))


def test_a_single_line_longer_than_a_window_does_not_stop_the_reading(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(transcript, "MAX_WINDOW_BYTES", 50)
    path = tmp_path / "t.jsonl"
    write_lines(path, 0)

    assert [message.content for message in read_window(path, Cursor()).messages] == ["word 0"]


def test_recalled_blocks_are_not_captured() -> None:
    block = "<relevant-memories>\n- [1] x\n</relevant-memories>"
    line = make_line(0, message={"role": "user", "content": f"{block}\nthe mast?"})

    message = read_line(line)

    assert message is not None
    assert message.content == "the mast?"
    assert read_line(make_line(0, message={"role": "user", "content": block})) is None


def test_a_message_is_cut_to_what_the_server_takes() -> None:
    message = read_line(make_line(0, message={"role": "user", "content": "é" * MAX_MESSAGE_BYTES}))

    assert message is not None
    assert len(message.content.encode()) <= MAX_MESSAGE_BYTES
    assert message.content.endswith(" …")


NAMES = st.sampled_from(["type", "text", "content", "role"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner),
)


@given(st.binary() | st.builds(lambda content: make_line(0, message=content, uuid=content), JSON))
def test_no_line_raises(line) -> None:
    message = read_line(line)

    assert message is None or message.content.encode()


def test_what_hooks_added_is_told_apart_from_what_was_said(tmp_path) -> None:
    block = "<relevant-memories>\n- [1] The mast is oak.\n</relevant-memories>"
    added = {"type": "hook_additional_context", "content": [block, 3]}
    path = tmp_path / "t.jsonl"
    path.write_bytes(
        make_line(0)
        + make_line(1, type="attachment", attachment=added)
        + make_line(2, type="attachment", attachment={**added, "content": block})
        + make_line(3, message={"content": f'"hook_additional_context" {block}'})
    )

    window = read_window(path, Cursor())

    assert window.recalled == (block,)
    assert [message.message_id for message in window.messages] == ["u0", "u3"]


def test_a_fork_tells_what_it_has_from_another_session(tmp_path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(
        make_line(0, sessionId="fork")
        + make_line(1, type="assistant", sessionId="fork", requestSessionId="origin")
        + make_line(2, sessionId="fork")
        + make_line(3, type="assistant", sessionId="fork", requestSessionId="fork")
        + make_line(4, type="assistant", sessionId="fork")
    )

    messages = read_window(path, Cursor()).messages

    assert [message.is_copied for message in messages] == [True, True, False, False, False]
    assert [message.seq for message in messages] == [0, 1, 2, 3, 4]
