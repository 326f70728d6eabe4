"""A forked session of the real Claude Code starts with a copy of its beginning; the memory has it once."""

from __future__ import annotations

import shutil

import pytest
from mnemos import Client

from tests.hosts.claude.program import Claude
from tests.hosts.conftest import wait_until
from tests.support.models.scripted_model import Rule, Say, ScriptedModel

pytestmark = pytest.mark.timeout(180)


@pytest.mark.parametrize("forgets", [False, True], ids=["known messages", "state deleted"])
def test_a_forked_session_adds_only_what_is_said_in_it(
    claude: Claude, model: ScriptedModel, memory: Client, *, forgets: bool
) -> None:
    model.rules = [
        Rule("second", (Say("The rudder is ash."),)),
        Rule("first", (Say("The mast is oak."),)),
    ]
    origin = claude.ask("the first question of the boat").output["session_id"]
    wait_until(lambda: len(memory.list_session_messages(session_id=[origin]).messages) == 2)
    if forgets:
        shutil.rmtree(claude.state_folder)

    fork = claude.ask("the second question of the boat", "--resume", origin, "--fork-session").output[
        "session_id"
    ]

    assert fork != origin
    wait_until(lambda: len(memory.list_session_messages(session_id=[fork]).messages) == 2)
    both = memory.list_session_messages(session_id=[origin, fork]).messages
    said = [(message.session_id, message.seq, message.content) for message in both]
    assert sorted(said, key=lambda one: one[1]) == [
        (origin, 0, "the first question of the boat"),
        (origin, 1, "The mast is oak."),
        (fork, 2, "the second question of the boat"),
        (fork, 3, "The rudder is ash."),
    ]
