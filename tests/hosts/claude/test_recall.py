"""What Claude Code's model receives from the memory, and what the memory keeps of the conversation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from mnemos import Client

from tests.hosts.claude.program import PLUGIN, ROOT, Claude
from tests.hosts.conftest import wait_until
from tests.support.models.scripted_model import CallTool, Rule, Say, ScriptedModel
from tests.support.servers import RunningServer, start_server

pytestmark = pytest.mark.timeout(180)


def test_a_session_begins_with_what_is_pinned(claude: Claude, model: ScriptedModel, memory: Client) -> None:
    memory.store_memory(content="The user is called Ada Quill.", memory_type="pinned")

    assert claude.ask("xyzzy").code == 0

    text = model.requests[0].text
    assert "SessionStart hook additional context" in text
    assert "The user is called Ada Quill." in text


def test_a_prompt_recalls_what_is_known_about_it(
    claude: Claude, model: ScriptedModel, memory: Client
) -> None:
    memory.store_memory(content="The depot closes at 17:40 & not later.")
    for number in range(30):  # enough to keep the one above out of the session's first block
        memory.store_memory(content=f"Unrelated note number {number}.")

    assert claude.ask("When does the depot close?").code == 0

    _, _, recalled = model.requests[0].text.partition("UserPromptSubmit hook additional context")
    assert "The depot closes at 17:40 & not later." in recalled
    assert recalled.count("<relevant-memories>") == 1


def test_what_was_said_is_on_the_server_after_the_session(
    claude: Claude, model: ScriptedModel, memory: Client
) -> None:
    memory.store_memory(content="Heron facts are kept in folder H.", memory_type="pinned")
    model.rules = [Rule("heron", (Say("The heron stands on one leg."),))]

    turn = claude.ask("Tell me about the heron.")

    session_id = turn.output["session_id"]
    wait_until(lambda: len(memory.list_session_messages(session_id=[session_id]).messages) == 2)
    messages = memory.list_session_messages(session_id=[session_id]).messages
    assert [(message.seq, message.role, message.content) for message in messages] == [
        (0, "user", "Tell me about the heron."),
        (1, "assistant", "The heron stands on one leg."),
    ]
    assert {message.agent_id for message in messages} == {"claude-code"}


def test_a_resumed_session_adds_only_what_is_new(
    claude: Claude, model: ScriptedModel, memory: Client
) -> None:
    model.rules = [Rule("again", (Say("Second answer."),)), Rule("first", (Say("First answer."),))]

    session_id = claude.ask("the first question").output["session_id"]
    claude.ask("and again a question", "--resume", session_id)

    wait_until(lambda: len(memory.list_session_messages(session_id=[session_id]).messages) >= 4)
    messages = memory.list_session_messages(session_id=[session_id]).messages
    assert [message.seq for message in messages] == [0, 1, 2, 3]
    assert messages[3].content == "Second answer."


def test_a_session_in_another_home_recalls_what_was_stored_and_what_was_said(
    make_claude: Callable[[str], Claude], model: ScriptedModel, memory: Client
) -> None:
    """The main purpose: one agent stores and speaks, and an agent elsewhere knows both."""
    store = CallTool("memory_store", {"content": "The harbour gate code is ZULU-4471."})
    model.rules = [Rule("harbour", (store, Say("Noted. The lighthouse keeper is named Brannoch.")))]
    first = make_claude("first").ask("Remember the harbour gate code")
    assert first.output["result"] == "Noted. The lighthouse keeper is named Brannoch."
    session_id = first.output["session_id"]
    wait_until(lambda: memory.list_session_messages(session_id=[session_id]).messages)
    model.requests.clear()
    model.rules = []

    second = make_claude("second").ask("What is the harbour gate code, and who is the lighthouse keeper?")

    assert second.code == 0
    given = model.requests[0].text
    assert "The harbour gate code is ZULU-4471." in given
    assert "The lighthouse keeper is named Brannoch." in given


def test_a_turn_goes_on_when_the_server_is_down(
    claude: Claude, model: ScriptedModel, mnemo_server: RunningServer
) -> None:
    mnemo_server.stop()
    model.rules = [Rule("anything", (CallTool("memory_search", {"q": "x"}), Say("I go on.")))]

    turn = claude.ask("anything")

    assert (turn.code, turn.output["result"]) == (0, "I go on.")
    assert "server_unreachable" in model.requests[-1].tool_results[-1]
    assert "relevant-memories" not in model.requests[0].text


def test_no_hook_fails_when_the_server_is_down(claude: Claude, mnemo_server: RunningServer) -> None:
    mnemo_server.stop()

    hooks = claude.ask_for_hooks("anything")

    assert {hook["hook_event"] for hook in hooks} >= {"SessionStart", "UserPromptSubmit", "Stop"}
    assert {(hook["exit_code"], hook["outcome"], hook["stdout"]) for hook in hooks} == {(0, "success", "")}


def test_what_was_said_while_the_server_was_down_arrives_later(
    claude: Claude, mnemo_server: RunningServer, server_dsn: str, tmp_path: Path
) -> None:
    mnemo_server.stop()
    session_id = claude.ask("a word in the wind").output["session_id"]
    restarted = start_server(tmp_path / "again", server_dsn, api_key=mnemo_server.api_key)
    claude.memory["MEM9_API_URL"] = restarted.url

    try:
        claude.ask("the server is back")

        with Client(restarted.url, restarted.api_key) as memory:
            wait_until(lambda: memory.list_session_messages(session_id=[session_id]).messages)
    finally:
        restarted.stop()


def test_an_installed_plugin_reads_address_and_key_from_its_settings(
    make_claude: Callable[[str], Claude],
    model: ScriptedModel,
    mnemo_server: RunningServer,
    memory: Client,
) -> None:
    memory.store_memory(content="The user is called Ada Quill.", memory_type="pinned")
    claude = make_claude("installed")
    claude.memory.clear()
    claude.with_plugin_folder = False
    options = [f"--config=api_url={mnemo_server.url}", f"--config=api_key={mnemo_server.api_key}"]
    assert claude.run("plugin", "marketplace", "add", str(ROOT)).returncode == 0
    installed = claude.run("plugin", "install", "mnemos@mnemos", *options)
    assert installed.returncode == 0, installed.stderr
    model.rules = [Rule("who am I", (CallTool("memory_search", {"q": "Ada"}), Say("Ada.")))]

    turn = claude.ask("who am I")

    assert turn.output["result"] == "Ada."
    assert "Ada Quill" in model.requests[0].text
    assert "mnemos:memory" in model.requests[0].text
    assert "Ada Quill" in model.requests[-1].tool_results[-1]


@pytest.mark.parametrize("folder", [ROOT, PLUGIN], ids=["marketplace", "plugin"])
def test_claude_accepts_the_manifests(folder: Path, tmp_path: Path) -> None:
    checked = Claude(tmp_path, "http://127.0.0.1:9").run("plugin", "validate", "--strict", str(folder))

    assert checked.returncode == 0, checked.stdout
