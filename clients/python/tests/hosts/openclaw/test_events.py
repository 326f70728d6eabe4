from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from mnemos.hooks.events import HookEvent, Recalled
from mnemos.hooks.messages import Cursor, SaidMessage
from mnemos.hosts.openclaw.messages import read_messages, read_prompt
from mnemos.hosts.registry import find_adapter

#: What the plugin handed on in OpenClaw 2026.9.6.
FIXTURES = Path(__file__).parents[1] / "fixtures" / "openclaw"
ADAPTER = find_adapter("openclaw")
assert ADAPTER is not None
SAID = [
    ("user", "When does the depot close?"),
    ("assistant", "Nothing in the script fits."),
    ("user", "and on sundays, does the depot close?"),
    ("assistant", "Nothing in the script fits."),
    ("user", "please store it"),
    ("assistant", "stored"),
]
BLOCK = "<relevant-memories>\nNotes.\n- [0abc] The mast is oak.\n</relevant-memories>"
CONTEXT = "<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>\nActive: none\n<<<END_OPENCLAW_INTERNAL_CONTEXT>>>"


def read_data(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text())
    return data


def read_event(name: str, file: str = "") -> HookEvent:
    """Read a recorded event."""
    event = ADAPTER.read_event(name, read_data(file or name))
    assert event is not None
    return event


def list_said(messages: tuple[SaidMessage, ...] | list[SaidMessage]) -> list[tuple[str, str]]:
    return [(message.role, message.content) for message in messages]


def test_a_prompt_is_a_turn_with_the_id_of_its_run() -> None:
    event = read_event("before_prompt_build")

    assert (event.kind, event.session_id, event.cwd) == ("turn", "s1", "/home/ada/ws")
    assert (event.prompt, event.prompt_id) == ("please store it", "0ed8e925-d1f3-48f4-81cd-0942e4e9e182")


def test_the_host_s_own_word_for_the_request_and_its_id_come_first() -> None:
    data = read_data("before_prompt_build")
    data["event"] |= {
        "prompt": "old talk\nnew talk",
        "currentUserMessage": "new talk",
        "currentUserMessageId": "m7",
    }

    event = ADAPTER.read_event("before_prompt_build", data)

    assert event is not None
    assert (event.prompt, event.prompt_id) == ("new talk", "m7")


def test_a_conversation_gives_what_was_said_and_when() -> None:
    window = ADAPTER.read_window(read_event("agent_end", "agent_end.later"), Cursor())

    assert list_said(window.messages) == SAID
    assert [message.seq for message in window.messages] == list(range(6))
    assert window.messages[1].timestamp == "2026-11-25T01:53:44.909Z"


def test_each_capture_brings_what_is_new_though_times_of_prompts_change() -> None:
    first = ADAPTER.read_window(read_event("agent_end"), Cursor())
    second = ADAPTER.read_window(read_event("agent_end", "agent_end.later"), first.cursor)
    last = ADAPTER.read_window(read_event("before_reset"), second.cursor)

    assert list_said([*first.messages, *second.messages]) == SAID
    assert list_said(last.messages) == [
        ("user", "the last about the depot"),
        ("assistant", "Nothing in the script fits."),
    ]


def test_a_prompt_that_was_never_answered_is_known_again() -> None:
    alone = [{"role": "user", "timestamp": 1795571628598, "content": [{"type": "text", "text": "please"}]}]
    later = [{**alone[0], "timestamp": 1795571621128, "content": "please"}]

    assert read_messages(alone)[0].message_id == read_messages(later)[0].message_id


@pytest.mark.parametrize(
    ("name", "change", "ends"),
    [
        ("agent_end", {}, False),
        ("before_reset", {}, True),
        ("session_end", {"reason": "daily"}, True),
        ("session_end", {"reason": "idle"}, True),
    ],
)
def test_a_conversation_ends_where_openclaw_empties_its_session(name: str, change: dict, ends: bool) -> None:
    data = read_data(name)
    data["event"] |= change
    event = ADAPTER.read_event(name, data)

    assert event is not None
    assert (event.kind, event.ends_conversation) == ("capture", ends)


@pytest.mark.parametrize("reason", ["new", "reset", "compaction", "shutdown", "restart", None])
def test_another_end_of_a_session_is_none_of_ours(reason: str | None) -> None:
    """After `new` and `reset` came a `before_reset`; after the others the conversation goes on."""
    data = read_data("session_end")
    data["event"]["reason"] = reason

    assert ADAPTER.read_event("session_end", data) is None


@pytest.mark.parametrize("name", ["before_prompt_build", "agent_end"])
@pytest.mark.parametrize("trigger", ["heartbeat", "memory"])
def test_what_nobody_asked_for_is_none_of_ours(name: str, trigger: str) -> None:
    data = read_data(name)
    data["ctx"]["trigger"] = trigger

    assert ADAPTER.read_event(name, data) is None


@pytest.mark.parametrize("name", ["before_prompt_build", "agent_end"])
def test_a_sub_agent_is_none_of_ours(name: str) -> None:
    data = read_data(name)
    data["ctx"]["sessionKey"] = "agent:main:subagent:7f3c"

    assert ADAPTER.read_event(name, data) is None


def test_what_is_due_by_a_timetable_is_given_what_is_known_but_not_kept() -> None:
    prompt, end = read_data("before_prompt_build"), read_data("agent_end")
    prompt["ctx"]["trigger"] = end["ctx"]["trigger"] = "cron"

    assert ADAPTER.read_event("before_prompt_build", prompt) is not None
    assert ADAPTER.read_event("agent_end", end) is None


def test_a_compaction_is_told() -> None:
    assert read_event("after_compaction").kind == "compacted"


@pytest.mark.parametrize(
    "data", [{}, {"event": None, "ctx": 3}, {"event": {"messages": [1, None, {"role": "user"}]}}]
)
def test_damaged_input_brings_nothing(data: dict) -> None:
    event = ADAPTER.read_event("agent_end", data)

    assert event is not None
    assert event.messages == ()
    assert ADAPTER.read_event("unheard_of", data) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[Sun 2026-11-22 15:07 UTC] hello", "hello"),
        ("[Sun 2026-11-22 15:07 GMT+2] hello", "hello"),
        (f"[Sun 2026-11-22 15:07 UTC] hello\n\n{BLOCK}", "hello"),
        (f"{BLOCK}\n\n[Sun 2026-11-22 15:07 UTC] hello", "hello"),
        (f"hello\n\n{CONTEXT}", "hello"),
        (CONTEXT, ""),
        ("[1] is a footnote", "[1] is a footnote"),
        ("why [Sun 2026-11-22 15:07 UTC] here", "why [Sun 2026-11-22 15:07 UTC] here"),
    ],
)
def test_a_prompt_is_what_the_user_wrote(text: str, said: str) -> None:
    assert read_prompt(text) == said


def test_results_of_tools_pictures_and_the_host_s_context_were_not_said() -> None:
    messages = [
        {"role": "user", "content": [{"type": "image", "data": "…"}, {"type": "text", "text": "look"}]},
        {"role": "assistant", "content": [{"type": "toolCall", "name": "exec"}]},
        {"role": "toolResult", "content": [{"type": "text", "text": "secret"}]},
        {"role": "user", "content": CONTEXT},
        {"role": "compactionSummary", "summary": "all"},
        {
            "role": "assistant",
            "content": [{"type": "thinking", "text": "hm"}, {"type": "text", "text": "I see"}],
        },
    ]

    assert list_said(read_messages(messages)) == [("user", "look"), ("assistant", "I see")]


def test_what_is_recalled_goes_behind_the_system_text_and_behind_the_prompt() -> None:
    event = read_event("before_prompt_build")

    both = {"appendSystemContext": "S", "appendContext": "P"}
    assert ADAPTER.format_context(event, Recalled("S", "P")) == both
    assert ADAPTER.format_context(event, Recalled("S", "")) == {"appendSystemContext": "S"}
    assert ADAPTER.format_permission(event) is None
