"""What the memory keeps of conversations in OpenClaw."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from mnemos import Client

from tests.hosts.conftest import wait_until
from tests.hosts.openclaw.gateway import Gateway, find_tool_servers, run_gateway, wait_for_end
from tests.hosts.openclaw.program import OpenClaw
from tests.support.models.scripted_model import CallTool, Rule, Say, ScriptedModel

#: The first test starts the gateway, and the last one two more.
pytestmark = pytest.mark.timeout(240)


def read_session(notes: Client, session_id: str) -> list[tuple[int | None, str | None, str]]:
    """Return the stored messages of a conversation, oldest first."""
    page = notes.list_session_messages(session_id=[session_id])
    return sorted((message.seq, message.role, message.content) for message in page.messages)


def test_what_user_and_model_said_is_kept_once_and_in_order(
    gateway: Gateway, claw_model: ScriptedModel, claw_notes: Client
) -> None:
    """Not the results of tools, what the host adds, or what was recalled; and nothing twice."""
    claw_notes.store_memory(content="The kettle is made of copper.", memory_type="pinned")
    search = CallTool("memory_search", {"q": "kettle"})
    claw_model.rules = [Rule("second", (search, Say("Two."))), Rule("kettle", (Say("One."),))]

    gateway.ask("kept", "What about the kettle?")
    gateway.ask("kept", "A second question")
    gateway.ask("kept", "A second question")

    assert "made of copper" in claw_model.requests[0].text
    wait_until(lambda: len(read_session(claw_notes, "kept")) == 6)
    assert read_session(claw_notes, "kept") == [
        (0, "user", "What about the kettle?"),
        (1, "assistant", "One."),
        (2, "user", "A second question"),
        (3, "assistant", "Two."),
        (4, "user", "A second question"),
        (5, "assistant", "Two."),
    ]
    page = claw_notes.list_session_messages(session_id=["kept"])
    assert {message.agent_id for message in page.messages} == {"openclaw"}


def test_conversations_with_one_session_id_are_kept_apart(
    gateway: Gateway, claw_model: ScriptedModel, claw_notes: Client
) -> None:
    # The prompt follows the host's time stamp; the other question may be in what is recalled.
    claw_model.rules = [Rule(rf"UTC\] question {name}", (Say(f"Answer {name}."),)) for name in ("one", "two")]

    for prompt in ("question one", "/new", "question two", "/reset", "question one"):
        gateway.ask("apart", prompt)

    wait_until(lambda: len(read_session(claw_notes, "apart.2")) == 2)
    assert [read_session(claw_notes, name) for name in ("apart", "apart.1", "apart.2")] == [
        [(0, "user", "question one"), (1, "assistant", "Answer one.")],
        [(0, "user", "question two"), (1, "assistant", "Answer two.")],
        [(0, "user", "question one"), (1, "assistant", "Answer one.")],
    ]


def test_a_compaction_repeats_nothing_and_its_summary_is_not_kept(
    gateway: Gateway, claw_model: ScriptedModel, claw_notes: Client
) -> None:
    claw_model.rules = [Rule("question", (Say("An answer."),))]
    gateway.ask("squeezed", "The first question")
    gateway.ask("squeezed", "The second question")

    gateway.compact("squeezed")
    gateway.ask("squeezed", "The third question")

    wait_until(lambda: len(read_session(claw_notes, "squeezed")) == 6)
    contents = [content for _, _, content in read_session(claw_notes, "squeezed")]
    assert contents[::2] == ["The first question", "The second question", "The third question"]
    assert set(contents[1::2]) == {"An answer."}


def test_a_killed_gateway_leaves_no_process_and_the_next_one_goes_on(
    make_openclaw: Callable[..., OpenClaw], model: ScriptedModel, claw_notes: Client
) -> None:
    store = CallTool("memory_store", {"content": "The sail is red."})
    model.rules = [
        Rule("it again", (store, Say("The red sail is known already."))),
        Rule("store", (store, Say("The red sail is stored."))),
    ]
    openclaw = make_openclaw()
    with run_gateway(openclaw) as first:
        first.ask("lasting", "store the sail")
        assert find_tool_servers(openclaw.home)
        first.kill()
        wait_for_end(openclaw.home)

    with run_gateway(openclaw) as second:
        second.ask("lasting", "please store it again")
        assert find_tool_servers(openclaw.home)
        second.stop()
        wait_for_end(openclaw.home)

    wait_until(lambda: len(read_session(claw_notes, "lasting")) == 4)
    contents = [content for _, _, content in read_session(claw_notes, "lasting")]
    assert contents == [
        "store the sail",
        "The red sail is stored.",
        "please store it again",
        "The red sail is known already.",
    ]
