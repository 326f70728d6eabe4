"""What OpenClaw's model receives from the memory."""

from __future__ import annotations

import itertools
import json
import re
import uuid

import pytest
from mnemos import Client

from tests.hosts.openclaw.gateway import Gateway
from tests.support.models.scripted_model import CallTool, ModelRequest, Rule, Say, ScriptedModel

#: The first test starts the gateway; the longest one takes ten turns.
pytestmark = pytest.mark.timeout(240)

_BLOCK = re.compile(r"\n\n<relevant-memories>.*?</relevant-memories>", re.DOTALL)
#: The beginning of what OpenClaw itself shows to the model in one request only, always at its end.
_PASSING = "<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>"


def read_texts(request: ModelRequest, role: str) -> list[str]:
    """Return the texts of all messages of one role, without what the host adds to one request only."""
    contents = [message["content"] for message in request.body["messages"] if message["role"] == role]
    parts = [[{"text": content}] if isinstance(content, str) else content for content in contents]
    texts = ["\n".join(part["text"] for part in message) for message in parts]
    return [text for text in texts if not text.startswith(_PASSING)]


def write_lasting(request: ModelRequest) -> str:
    """Return the bytes that a provider's cache compares, up to what the host shows in this request only."""
    messages = [json.dumps(message) for message in request.body["messages"]]
    assert _PASSING in messages[-1]
    return json.dumps(request.body["tools"]) + "".join(messages[:-1])


def write_before_block(request: ModelRequest) -> str:
    """Return the bytes up to the block recalled for the last prompt, or all lasting ones without a block."""
    lasting = write_lasting(request)
    place = lasting.rfind("\\n\\n<relevant-memories>")
    in_system = lasting.rfind("</relevant-memories>\\n\\n---")
    return lasting[:place] if place > in_system else lasting


def store_unrelated(notes: Client) -> None:
    """Store enough to push older memories out of a session's block."""
    for number in range(12):
        notes.store_memory(content=f"Unrelated note number {number} of {uuid.uuid4()}.")


def test_the_first_turn_recalls_what_is_pinned_and_what_is_known_about_the_prompt(
    gateway: Gateway, claw_model: ScriptedModel, claw_notes: Client
) -> None:
    claw_notes.store_memory(content="The user is called Ada Quill.", memory_type="pinned")
    claw_notes.store_memory(content="The depot closes at 17:40 & not later.")
    store_unrelated(claw_notes)

    gateway.ask("first", "When does the depot close?")

    [system] = read_texts(claw_model.requests[0], "system")
    [prompt] = read_texts(claw_model.requests[0], "user")
    assert "The user is called Ada Quill." in system
    assert "depot" not in system
    assert re.match(r"\[\w{3} \d{4}-\d\d-\d\d \d\d:\d\d UTC\] When does the depot close\?\n", prompt)
    assert "The depot closes at 17:40 & not later." in prompt


def test_the_system_text_explains_how_to_use_the_memory(gateway: Gateway, claw_model: ScriptedModel) -> None:
    gateway.ask("guided", "hello")

    [system] = read_texts(claw_model.requests[0], "system")
    assert "## Memory\nYou share one lasting memory" in system
    assert "skills/memory-recall/SKILL.md" in system


def test_each_of_ten_turns_begins_with_the_bytes_of_the_one_before(
    gateway: Gateway, claw_model: ScriptedModel, claw_notes: Client
) -> None:
    """Even while others store memories: everything but the last prompt's block stays, time stamps too."""
    # The prompt follows the host's time stamp; other numbers may be in what is recalled.
    prompts = [rf"UTC\] What about the lamp of tower number {turn}" for turn in range(10)]
    claw_model.rules = [Rule(prompts[3], (CallTool("memory_search", {"q": "lamp"}), Say("Found.")))]
    claw_model.rules += [Rule(prompt, (Say(f"Answer {turn}."),)) for turn, prompt in enumerate(prompts)]

    for turn in range(10):
        claw_notes.store_memory(
            content=f"Lamp {turn} burns in the tower number {turn}.", memory_type="pinned"
        )
        gateway.ask("ten", f"What about the lamp of tower number {turn}")

    requests = [request for request in claw_model.requests if "lamp of tower number 0" in request.text]
    assert len(requests) == 11
    for earlier, later in itertools.pairwise(requests):
        assert write_lasting(later).startswith(write_before_block(earlier))
    shown = [bool(_BLOCK.search(read_texts(request, "user")[-1])) for request in requests]
    assert sum(shown) >= 9, "the test saw no blocks"  # the first lamp is in the session's block
    earlier_prompts = read_texts(requests[-1], "user")[:-1]
    assert not any(_BLOCK.search(prompt) for prompt in earlier_prompts)


def test_a_memory_is_recalled_again_for_a_later_prompt_since_openclaw_drops_old_blocks(
    gateway: Gateway, claw_model: ScriptedModel, claw_notes: Client
) -> None:
    claw_notes.store_memory(content="The ferry leaves at 08:15.")
    store_unrelated(claw_notes)

    gateway.ask("again", "When does the ferry leave?")
    gateway.ask("again", "And does the ferry leave on Sundays?")

    assert ["08:15" in read_texts(request, "user")[-1] for request in claw_model.requests] == [True, True]
    assert "08:15" not in read_texts(claw_model.requests[1], "user")[0]


def test_a_new_conversation_knows_what_was_learned_and_said_in_the_one_before(
    gateway: Gateway, claw_model: ScriptedModel, claw_notes: Client
) -> None:
    claw_model.rules = [Rule("heron", (Say("The heron nests on the boathouse."),))]
    gateway.ask("renewed", "Tell me about the heron.")
    claw_notes.store_memory(content="The user moved to Ulm.", memory_type="pinned")
    gateway.ask("renewed", "/new")

    gateway.ask("renewed", "Where does the heron nest?")

    [system] = read_texts(claw_model.requests[-1], "system")
    [prompt] = read_texts(claw_model.requests[-1], "user")
    assert "The user moved to Ulm." not in read_texts(claw_model.requests[0], "system")[0]
    assert "The user moved to Ulm." in system
    # what the last conversation ended with is in the session's block, which the prompt doesn't repeat
    assert "The heron nests on the boathouse." in f"{system}{prompt}"


def test_a_session_keeps_its_block_after_a_compaction(
    gateway: Gateway, claw_model: ScriptedModel, claw_notes: Client
) -> None:
    claw_notes.store_memory(content="The quay lies at the north side.")
    store_unrelated(claw_notes)
    gateway.ask("compacted", "Where is the quay?")

    gateway.compact("compacted")
    claw_notes.store_memory(content="The user likes plums.", memory_type="pinned")
    gateway.ask("compacted", "Where is the quay again?")

    first, last = claw_model.requests[0], claw_model.requests[-1]
    assert read_texts(first, "system") == read_texts(last, "system")
    assert "north side" in read_texts(last, "user")[-1]
    assert "compacted into the following summary" in read_texts(last, "user")[0]
