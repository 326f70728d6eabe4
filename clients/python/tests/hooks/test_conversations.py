from __future__ import annotations

import json

from mnemos.hooks.conversations import begin_again, name_conversation
from mnemos.hooks.runner import run

from clients.python.tests.hooks.recall.test_session import OPENING_KEEL, OPENING_MAST
from clients.python.tests.hooks.support import Recorder, run_socket


def test_a_session_that_began_again_has_another_conversation_each_time(state) -> None:
    names = [name_conversation("s1", state)]
    for _ in range(2):
        begin_again("s1", state)
        names.append(name_conversation("s1", state))

    assert names == ["s1", "s1.1", "s1.2"]
    assert name_conversation("s2", state) == "s2"


def test_a_damaged_count_is_as_good_as_none(state) -> None:
    begin_again("s1", state)
    [path] = state.get_subfolder("conversations").iterdir()
    path.write_text("many")

    assert name_conversation("s1", state) == "s1"


def test_an_event_without_a_session_has_no_conversation(state) -> None:
    assert name_conversation("", state) == ""


def test_the_next_conversation_of_a_session_begins_with_a_block_of_its_own(tmp_path) -> None:
    """And goes on with it, whatever is stored meanwhile."""
    server = Recorder(OPENING_MAST, OPENING_KEEL)
    with run_socket(server) as url:
        environment = {"HOME": str(tmp_path), "MEM9_API_URL": url, "MEM9_API_KEY": "k"}
        blocks = [
            run_openclaw(event, environment | {"MNEMOS_HOOK_TIMEOUT_MS": "2000"})
            for event in ("before_prompt_build", "before_prompt_build", "before_reset", "before_prompt_build")
        ]

    assert ["mast" in block for block in blocks] == [True, True, False, False]
    assert "keel" in blocks[3]


def test_a_mistyped_variable_is_noted_once_in_a_conversation(tmp_path) -> None:
    with run_socket(Recorder(OPENING_MAST)) as url:
        environment = {
            "HOME": str(tmp_path),
            "MEM9_API_URL": url,
            "MEM9_API_KEY": "k",
            "MNEMOS_CAPTUR": "off",
        }
        for _ in range(3):
            run_openclaw("before_prompt_build", environment | {"MNEMOS_HOOK_TIMEOUT_MS": "2000"})

    (log,) = tmp_path.rglob("hook.log")
    assert log.read_text().count("unknown variable MNEMOS_CAPTUR: ") == 1


def run_openclaw(event: str, environment: dict[str, str]) -> str:
    """Run a hook of one session of OpenClaw in this process; give the session's block."""
    given = json.dumps({"event": {"prompt": "?"}, "ctx": {"sessionId": "s1"}}).encode()
    arguments = [event, "--harness", "openclaw"]
    output = run(arguments, environment, read_input=lambda: given, limit_life=lambda *_: None)
    return str(json.loads(output)["appendSystemContext"]) if output else ""
