"""What OpenCode's model receives from the memory, and that none of it disturbs a turn."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from mnemos import Client

from tests.hosts.opencode.program import PLUGIN, OpenCode, Project, Serving
from tests.support.models.scripted_model import CallTool, Rule, Say, ScriptedModel
from tests.support.models.scripted_openai import read_texts, write_prefix

pytestmark = pytest.mark.timeout(120)


def test_the_first_turn_recalls_what_is_pinned_and_what_is_known_about_the_prompt(
    project: Project, script: ScriptedModel, notes: Client
) -> None:
    notes.store_memory(content="The user is called Ada Quill.", memory_type="pinned")
    notes.store_memory(content="The depot closes at 17:40 & not later.")
    for number in range(30):  # enough to keep the one above out of the session's block
        notes.store_memory(content=f"Unrelated note number {number}.")

    project.ask(project.create_session(), "When does the depot close?")

    [_, block] = read_texts(script.requests[0].body, "system")
    [prompt, recalled] = read_texts(script.requests[0].body, "user")
    assert "The user is called Ada Quill." in block
    assert prompt == "When does the depot close?"
    assert "The depot closes at 17:40 & not later." in recalled
    assert "depot" not in block


def test_each_request_of_ten_turns_begins_with_the_whole_one_before(
    project: Project, script: ScriptedModel, notes: Client
) -> None:
    """Even while other agents store memories; a tool call in between adds a request to its turn."""
    notes.store_memory(content="The user is called Ada Quill.", memory_type="pinned")
    script.rules = [Rule("number 3", (CallTool("memory_search", {"q": "lamp"}), Say("Found.")))]
    script.rules += [Rule(f"number {turn}$", (Say(f"Answer {turn}."),)) for turn in range(10)]
    session_id = project.create_session()

    for turn in range(10):
        notes.store_memory(content=f"Lamp {turn} burns in the tower number {turn}.", memory_type="pinned")
        project.ask(session_id, f"What about the lamp of tower number {turn}")

    assert len(script.requests) == 11
    prefixes = [write_prefix(request.body) for request in script.requests]
    assert all(later.startswith(earlier) for earlier, later in itertools.pairwise(prefixes))
    recalled = [
        text for text in read_texts(script.requests[-1].body, "user") if "<relevant-memories>" in text
    ]
    assert len(recalled) == 9  # the first lamp is in the session's block
    assert "Lamp 9 burns" in recalled[-1]


def test_requests_for_titles_and_sub_agents_recall_nothing(
    project: Project, script: ScriptedModel, notes: Client
) -> None:
    notes.store_memory(content="The user is called Ada Quill.", memory_type="pinned")
    task = {"description": "look", "prompt": "Ask the heron about Quill.", "subagent_type": "general"}
    script.rules = [Rule("heron", (Say("It nods."),)), Rule("begin", (CallTool("task", task), Say("Done.")))]

    session_id = project.create_session(title=None)
    project.ask(session_id, "begin")
    project.ask(session_id, "go on")  # OpenCode doesn't wait for the title

    helper = [request for request in script.requests if "Ada Quill" not in request.text]
    assert [len(read_texts(request.body, "system")) for request in helper] == [1, 1]
    assert {bool(request.tool_names) for request in helper} == {True, False}


def test_a_command_passes_on_the_users_words(project: Project, script: ScriptedModel, notes: Client) -> None:
    notes.store_memory(content="The depot closes at 17:40.")
    script.rules = [Rule("depot", (CallTool("memory_search", {"q": "depot"}), Say("At 17:40.")))]

    answer = project.command(project.create_session(), "recall", "when the depot closes")

    assert answer == "At 17:40."
    instructions, words, *_ = read_texts(script.requests[0].body, "user")
    assert "memory_search" in instructions
    assert words == "when the depot closes"


def test_the_model_reads_where_the_skill_is(project: Project, script: ScriptedModel) -> None:
    project.ask(project.create_session(), "hello")

    assert "skills/memory-recall/SKILL.md" in script.requests[0].text


def test_a_summary_must_keep_ids_and_memories_can_be_recalled_again_after_it(
    project: Project, script: ScriptedModel, notes: Client
) -> None:
    notes.store_memory(content="The depot closes at 17:40.")
    for number in range(30):
        notes.store_memory(content=f"Unrelated note number {number}.")
    session_id = project.create_session()
    for _ in range(2):
        project.ask(session_id, "When does the depot close?")

    project.compact(session_id)
    project.ask(session_id, "When does the depot close?")

    shown = ["17:40" in (read_texts(request.body, "user")[-1]) for request in script.requests]
    assert shown == [True, False, True, True]
    assert "ids of memories" in script.requests[2].text
    assert len(read_texts(script.requests[2].body, "system")) == 1


@pytest.fixture
def silent_address() -> Iterator[str]:
    """The address of a server that accepts connections and never responds."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_turn_goes_on_when_the_server_is_gone_or_hangs(
    opencode: OpenCode, serving: Serving, script: ScriptedModel, tmp_path: Path, silent_address: str
) -> None:
    for name, url in {"gone": "http://127.0.0.1:9", "hung": silent_address}.items():
        plugin = [str(PLUGIN), {"url": url, "apiKey": "made-up"}]
        project = serving.open(opencode.add_project(f"{tmp_path.name}-{name}", plugin))
        script.rules = [Rule("anything", (Say(f"I go on, {name}."),))]

        assert project.ask(project.create_session(), "anything") == f"I go on, {name}."

    assert not any("relevant-memories" in request.text for request in script.requests)


def test_a_program_ends_with_success_though_the_server_hangs(
    opencode: OpenCode, script: ScriptedModel, tmp_path: Path, silent_address: str
) -> None:
    script.rules = [Rule("anything", (Say("I go on."),))]
    plugin = [str(PLUGIN), {"url": silent_address, "apiKey": "made-up"}]

    done = opencode.ask(opencode.add_project(tmp_path.name, plugin), "anything")

    assert (done.returncode, done.stdout.strip()) == (0, "I go on.")
