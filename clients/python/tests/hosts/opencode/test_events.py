from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from mnemos.hooks.events import HookEvent, Recalled
from mnemos.hooks.messages import Cursor, SaidMessage
from mnemos.hosts.registry import find_adapter

#: What the plugin handed over in OpenCode 1.18.33.
FIXTURES = Path(__file__).parents[1] / "fixtures" / "opencode"
ADAPTER = find_adapter("opencode")
assert ADAPTER is not None
SAID = [
    ("user", "When does the depot close?"),
    ("assistant", "It closes at 17:40."),
    ("user", "begin with this file"),
    ("assistant", "The heron nods."),
    ("user", "I prefer tabs"),
    ("assistant", "Noted: tabs."),
]


def read_event(name: str, file: str = "") -> HookEvent:
    """Read a recorded event."""
    event = ADAPTER.read_event(name, json.loads((FIXTURES / f"{file or name}.json").read_text()))
    assert event is not None
    return event


def make_capture(*messages: dict[str, Any]) -> HookEvent:
    """Make a capture of messages, each given by `id` and what differs from an answer that is complete."""
    handed = [
        {
            "info": {"id": message["id"], "role": "assistant", "time": {"completed": 1}, **message},
            "texts": message.get("texts", [message["id"]]),
        }
        for message in messages
    ]
    event = ADAPTER.read_event("session.idle", {"sessionID": "s", "messages": handed})
    assert event is not None
    return event


def list_said(messages: list[SaidMessage]) -> list[tuple[str, str]]:
    return [(message.role, message.content) for message in messages]


def test_a_message_is_a_turn_with_its_own_id() -> None:
    event = read_event("chat.message")

    assert (event.kind, event.cwd) == ("turn", "/home/ada/project")
    assert event.prompt == "When does the depot close?"
    assert event.session_id.startswith("ses_")
    assert event.prompt_id.startswith("msg_")


def test_a_conversation_gives_what_was_said_and_nothing_else() -> None:
    """Recalled blocks, files, summaries and calls of tools stay out."""
    window = ADAPTER.read_window(read_event("session.idle", "session.idle.later"), Cursor())

    assert list_said(window.messages) == SAID
    assert [message.seq for message in window.messages] == list(range(6))
    assert window.messages[0].timestamp.startswith("2026-11-25T")


def test_each_capture_brings_what_is_new() -> None:
    first = ADAPTER.read_window(read_event("session.idle"), Cursor())
    second = ADAPTER.read_window(read_event("session.compacting"), first.cursor)
    third = ADAPTER.read_window(read_event("session.idle", "session.idle.later"), second.cursor)
    again = ADAPTER.read_window(read_event("session.idle", "session.idle.later"), third.cursor)

    new = [list_said(window.messages) for window in (first, second, third, again)]
    assert new == [SAID[:2], SAID[2:4], SAID[4:], []]
    assert again.cursor == third.cursor


def test_what_was_undone_is_not_brought_again() -> None:
    """OpenCode drops messages that the user takes back, and goes on with others."""
    before = ADAPTER.read_window(make_capture({"id": "a"}, {"id": "b"}, {"id": "c"}), Cursor())
    after = ADAPTER.read_window(make_capture({"id": "a"}, {"id": "d"}), before.cursor)

    assert [(message.content, message.seq) for message in after.messages] == [("d", 3)]


def test_what_was_copied_from_another_session_is_marked() -> None:
    """OpenCode copies a conversation when the user branches off, and keeps the times of its messages."""
    said = [{"info": {"id": word, "role": "user", "time": {"created": time}}, "texts": [word]}
            for word, time in (("old", 6), ("new", 8))]  # fmt: skip

    event = ADAPTER.read_event("session.idle", {"sessionID": "s", "createdAt": 7, "messages": said})

    assert event is not None
    assert [message.is_copied for message in event.messages] == [True, False]


def test_an_answer_that_is_still_being_written_waits() -> None:
    unfinished = {"id": "b", "time": {"created": 1}}
    before = ADAPTER.read_window(make_capture({"id": "a"}, unfinished), Cursor())
    after = ADAPTER.read_window(make_capture({"id": "a"}, unfinished, {"id": "c"}), before.cursor)

    assert [message.content for message in before.messages] == ["a"]
    assert [message.content for message in after.messages] == ["b", "c"]


def test_a_compaction_is_told() -> None:
    assert read_event("session.compacted").kind == "compacted"


def test_both_blocks_go_to_the_plugin() -> None:
    answer = ADAPTER.format_context(read_event("chat.message"), Recalled("of the session", "of the prompt"))

    assert answer == {"system": "of the session", "prompt": "of the prompt"}


@pytest.mark.parametrize("name", ["session.created", "tool.execute.after", ""])
def test_other_events_are_none_of_ours(name: str) -> None:
    assert ADAPTER.read_event(name, {}) is None


@pytest.mark.parametrize(
    "messages",
    [None, "text", [None], [{}], [{"info": {"role": "user"}}], [{"info": [], "texts": {}}]],
)
def test_odd_messages_are_passed_over(messages: object) -> None:
    event = ADAPTER.read_event("session.idle", {"sessionID": "s", "messages": messages})

    assert event is not None
    assert event.messages == ()
