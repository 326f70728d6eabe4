"""What the memory keeps of conversations in OpenCode."""

from __future__ import annotations

from pathlib import Path

import pytest
from mnemos import Client

from tests.hosts.conftest import wait_until
from tests.hosts.opencode.program import PLUGIN, OpenCode, Project, Serving
from tests.support.models.scripted_model import CallTool, Rule, Say, ScriptedModel
from tests.support.models.scripted_openai import read_texts, write_prefix
from tests.support.servers import start_server

pytestmark = pytest.mark.timeout(120)


def read_said(notes: Client, session_id: str, count: int) -> list[tuple[int, str, str]]:
    """Wait for `count` messages of a session and return all of them."""
    wait_until(lambda: len(notes.list_session_messages(session_id=[session_id]).messages) >= count)
    messages = notes.list_session_messages(session_id=[session_id]).messages
    assert {message.agent_id for message in messages} == {"opencode"}
    return [(message.seq, message.role, message.content) for message in messages]


def test_what_was_said_is_kept_once_and_nothing_else(
    project: Project, script: ScriptedModel, notes: Client
) -> None:
    notes.store_memory(content="Heron facts are kept in folder H.")
    search = CallTool("memory_search", {"q": "heron"})
    script.rules = [
        Rule("more", (Say("It eats frogs."),)),
        Rule("heron", (search, Say("It stands on one leg."))),
    ]
    session_id = project.create_session()

    project.ask(session_id, "Tell me about the heron.")
    project.ask(session_id, "Tell me more.")

    assert read_said(notes, session_id, 4) == [
        (0, "user", "Tell me about the heron."),
        (1, "assistant", "It stands on one leg."),
        (2, "user", "Tell me more."),
        (3, "assistant", "It eats frogs."),
    ]


def test_a_session_continued_in_another_process_continues_in_the_memory(
    opencode: OpenCode, project: Project, script: ScriptedModel, notes: Client
) -> None:
    """Its requests begin with the same bytes, and its messages are stored once."""
    notes.store_memory(content="The user is called Ada Quill.", memory_type="pinned")
    script.rules = [Rule("second", (Say("It has two masts."),)), Rule("first", (Say("It has one mast."),))]

    assert opencode.ask(project.folder, "first").returncode == 0
    [session] = project.send("GET", "/session")
    assert len(read_said(notes, session["id"], 2)) == 2
    notes.store_memory(content="The user lives in Ulm.", memory_type="pinned")
    assert opencode.ask(project.folder, "second", "--continue").returncode == 0

    assert [content for _, _, content in read_said(notes, session["id"], 4)] == [
        "first",
        "It has one mast.",
        "second",
        "It has two masts.",
    ]
    first, second = (request.body for request in script.requests)
    assert write_prefix(second).startswith(write_prefix(first))
    assert "Ada Quill" in read_texts(second, "system")[1]


def test_a_summary_is_not_kept_and_the_messages_before_it_are_not_repeated(
    project: Project, script: ScriptedModel, notes: Client
) -> None:
    script.rules = [Rule("second mast", (Say("It is pine."),)), Rule("first mast", (Say("It is oak."),))]
    session_id = project.create_session()

    project.ask(session_id, "the first mast")
    project.compact(session_id)
    project.ask(session_id, "the second mast")

    said = read_said(notes, session_id, 4)
    assert [content for _, _, content in said] == [
        "the first mast",
        "It is oak.",
        "the second mast",
        "It is pine.",
    ]


def test_the_prompt_of_a_sub_agent_is_not_kept(
    project: Project, script: ScriptedModel, notes: Client
) -> None:
    task = {"description": "look", "prompt": "Ask the heron.", "subagent_type": "general"}
    script.rules = [
        Rule("heron", (Say("It nods."),)),
        Rule("bird", (CallTool("task", task), Say("The heron nods."))),
    ]
    session_id = project.create_session()

    project.ask(session_id, "ask the bird")

    assert [content for _, _, content in read_said(notes, session_id, 2)] == [
        "ask the bird",
        "The heron nods.",
    ]
    [child] = project.send("GET", f"/session/{session_id}/children")
    assert notes.list_session_messages(session_id=[child["id"]]).messages == []


def test_a_forked_session_keeps_only_its_own_messages(
    project: Project, script: ScriptedModel, notes: Client
) -> None:
    script.rules = [Rule("second mast", (Say("It is pine."),)), Rule("first mast", (Say("It is oak."),))]
    session_id = project.create_session()
    project.ask(session_id, "the first mast")

    branch = project.send("POST", f"/session/{session_id}/fork", {})["id"]
    project.ask(branch, "the second mast")

    assert read_said(notes, branch, 2) == [(2, "user", "the second mast"), (3, "assistant", "It is pine.")]


def test_only_the_users_own_words_of_a_command_are_kept(
    project: Project, script: ScriptedModel, notes: Client
) -> None:
    script.rules = [Rule("tabs", (Say("The editor uses tabs."),))]
    session_id = project.create_session()

    project.command(session_id, "remember", "I prefer tabs")

    said = read_said(notes, session_id, 2)
    assert [content for _, _, content in said] == ["I prefer tabs", "The editor uses tabs."]


def test_what_was_said_while_the_server_was_down_arrives_later(
    opencode: OpenCode, serving: Serving, script: ScriptedModel, tmp_path: Path
) -> None:
    dsn = f"sqlite:///{tmp_path / 'memories.db'}"
    server = start_server(tmp_path / "server", dsn)
    options = {"url": server.url, "apiKey": server.api_key}
    project = serving.open(opencode.add_project(tmp_path.name, [str(PLUGIN), options]))
    script.rules = [Rule("back", (Say("The server is here."),)), Rule("wind", (Say("The wind took it."),))]
    session_id = project.create_session()
    server.stop()

    project.ask(session_id, "a word in the wind")
    port = server.url.rpartition(":")[2]
    again = start_server(tmp_path / "server", dsn, api_key=server.api_key, port=port)
    try:
        project.ask(session_id, "the server is back")

        with Client(again.url, again.api_key) as notes:
            said = read_said(notes, session_id, 4)
        assert [content for _, _, content in said] == [
            "a word in the wind",
            "The wind took it.",
            "the server is back",
            "The server is here.",
        ]
    finally:
        again.stop()
