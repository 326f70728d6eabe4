"""What the model reads only grows at its end, whatever is stored meanwhile, so prompt caches stay valid."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from mnemos import Client
from mnemos_contract.recalled import strip_recalled

from tests.hosts.claude.program import Claude
from tests.hosts.conversation import open_conversation
from tests.support.models.scripted_model import ModelRequest, ScriptedModel
from tests.support.prefixes import find_difference
from tests.support.servers import RunningServer, start_server

pytestmark = pytest.mark.timeout(240)

TURNS = 10
_SESSION_BLOCK = re.compile(
    r"SessionStart hook additional context: (<relevant-memories>.*?</relevant-memories>)", re.DOTALL
)


@pytest.fixture
def mnemo_server(tmp_path: Path) -> Iterator[RunningServer]:
    """One engine is enough: what the model reads doesn't depend on it."""
    server = start_server(tmp_path / "server", f"sqlite:///{tmp_path / 'memories.db'}")
    yield server
    server.stop()


def store_something(memory: Client, turn: int) -> None:
    """Change what is recalled through another client: pinned memories, and those that match the prompts."""
    memory.store_memory(content=f"Depot {turn} is painted blue since week {turn}.", memory_type="pinned")
    memory.store_memory(content=f"The depot closes at {turn}:40 on day {turn}.")


def list_session_blocks(request: ModelRequest) -> list[str]:
    return _SESSION_BLOCK.findall(request.text)


def assert_stable(requests: list[ModelRequest]) -> None:
    for earlier, later in itertools.pairwise(requests):
        assert find_difference(earlier, later) is None
    blocks = list_session_blocks(requests[-1])
    assert len(blocks) == 1
    assert blocks == list_session_blocks(requests[0])


def test_ten_turns_of_one_session_keep_their_beginning(
    claude: Claude, model: ScriptedModel, memory: Client
) -> None:
    store_something(memory, 0)
    with open_conversation(claude) as conversation:
        for turn in range(1, TURNS + 1):
            conversation.ask(f"When does the depot close on day {turn}?")
            store_something(memory, turn)

    assert len(model.requests) == TURNS
    assert_stable(model.requests)
    assert f"The depot closes at {TURNS - 1}:40" in model.requests[-1].text, "what is new must be recalled"


def test_ten_resumes_of_one_session_keep_its_beginning(
    claude: Claude, model: ScriptedModel, memory: Client
) -> None:
    store_something(memory, 0)
    session_id = claude.ask("When does the depot close?").output["session_id"]
    for turn in range(1, TURNS + 1):
        store_something(memory, turn)
        claude.ask(f"When does the depot close on day {turn}?", "--resume", session_id)

    assert len(model.requests) == TURNS + 1
    assert_stable(model.requests)


def test_a_retried_request_has_the_same_bytes(claude: Claude, model: ScriptedModel, memory: Client) -> None:
    store_something(memory, 0)
    claude.memory["CLAUDE_CODE_MAX_RETRIES"] = "2"
    model.failures = 1

    assert claude.ask("When does the depot close?").code == 0

    first, second = model.requests
    assert find_difference(first, second) is None
    assert find_difference(second, first) is None


def test_after_a_compaction_the_session_begins_with_the_same_block(
    claude: Claude, model: ScriptedModel, memory: Client
) -> None:
    store_something(memory, 0)
    session_id = claude.ask("When does the depot close?").output["session_id"]
    claude.ask("And when does it open?", "--resume", session_id)
    first = list_session_blocks(model.requests[0])
    store_something(memory, 1)

    claude.ask("/compact keep the depot", "--resume", session_id)
    claude.ask("Go on.", "--resume", session_id)

    assert len(first) == 1
    assert list_session_blocks(model.requests[-1]) == first
    assert "When does the depot close?" not in model.requests[-1].text, "it was no compaction"


def test_a_cleared_session_begins_with_the_current_memories(
    claude: Claude, model: ScriptedModel, memory: Client
) -> None:
    store_something(memory, 0)
    with open_conversation(claude) as conversation:
        conversation.ask("When does the depot close?")
        store_something(memory, 1)
        conversation.ask("/clear")
        conversation.ask("Begin again.")

    assert "Depot 1 is painted" not in "".join(list_session_blocks(model.requests[0]))
    assert "Depot 1 is painted" in "".join(list_session_blocks(model.requests[-1]))
    # the block of a session may say how the last one ended
    assert "When does the depot close?" not in strip_recalled(model.requests[-1].text)
