from __future__ import annotations

import pytest
from mnemos.hooks.events import HookEvent
from mnemos.hooks.recall.session import recall
from mnemos.hooks.recall.shown import Shown
from mnemos.hooks.settings import HookSettings

from clients.python.tests.hooks.recall.test_recall import make_recall
from clients.python.tests.hooks.support import Recorder, run_socket

MAST_LINE = "- [0000000000001, 2026-11-23, user] The mast is oak."
KEEL_LINE = "- [0000000000002, 2026-11-23, user] The keel is lead."
MAST, KEEL, NOTHING = make_recall(MAST_LINE), make_recall(KEEL_LINE), make_recall()
OPENING_MAST, OPENING_KEEL = make_recall(session=(MAST_LINE,)), make_recall(session=(KEEL_LINE,))


def make_event(kind: str = "prompt", prompt_id: str = "", **fields) -> HookEvent:
    return HookEvent(kind, kind, "s1", prompt="tell me of it", prompt_id=prompt_id, **fields)  # type: ignore[arg-type]


def recall_from(
    server: Recorder, state, *events: HookEvent, drops_blocks: bool = False
) -> list[tuple[str, str]]:
    """Recall for each event in turn from one server; return both blocks of each."""
    with run_socket(server) as url:
        settings = HookSettings(url, "k", "tester", 2000, 3)
        return [tuple(recall(event, settings, state, drops_blocks=drops_blocks)) for event in events]


def test_a_prompt_that_is_sent_again_is_given_the_same_bytes(state) -> None:
    server = Recorder(MAST, KEEL)

    first, again, other = recall_from(
        server, state, make_event(prompt_id="p1"), make_event(prompt_id="p1"), make_event(prompt_id="p2")
    )

    assert "mast" in first[1]
    assert again == first
    assert "keel" in other[1]
    assert len(server.requests) == 2


def test_a_prompt_that_was_given_nothing_is_given_nothing_again(state) -> None:
    server = Recorder(NOTHING, MAST)

    assert recall_from(server, state, *[make_event(prompt_id="p1")] * 2) == [("", ""), ("", "")]


def test_what_the_conversation_shows_is_not_repeated(state) -> None:
    both = make_recall(MAST_LINE, KEEL_LINE)

    first, second, third = recall_from(Recorder(MAST, both, both), state, *[make_event()] * 3)

    assert "mast" in first[1]
    assert "mast" not in second[1]
    assert "keel" in second[1]
    assert third == ("", "")


def test_a_memory_that_changed_is_shown_again(state) -> None:
    pine = make_recall("- [0000000000001, 2026-11-23, user] The mast is pine.")

    _, second = recall_from(Recorder(MAST, pine), state, *[make_event()] * 2)

    assert "pine" in second[1]


def test_after_a_compaction_memories_may_come_again(state) -> None:
    first, second = (recall_from(Recorder(MAST), state, make_event()) for _ in range(2))
    Shown("s1", state).forget_prompts()
    third = recall_from(Recorder(MAST), state, make_event())

    assert second == [("", "")]
    assert third == first


def test_a_session_of_a_host_without_a_session_start_keeps_its_block(state) -> None:
    """Each turn returns the block that the first one returned, whatever was stored in between."""
    server = Recorder(OPENING_MAST, KEEL)

    first, second = recall_from(server, state, make_event("turn", "p1"), make_event("turn", "p2"))

    assert "mast" in first[0]
    assert second[0] == first[0]
    assert "keel" in second[1]
    assert len(server.requests) == 2


def test_a_session_that_began_without_its_block_stays_without(state) -> None:
    """A block that came later would change the beginning of all requests."""
    lost = HookSettings("http://127.0.0.1:9", "k", "tester", 500, 3)
    assert tuple(recall(make_event("turn", "p1"), lost, state)) == ("", "")

    ((session, prompt),) = recall_from(Recorder(MAST), state, make_event("turn", "p2"))

    assert session == ""
    assert "mast" in prompt


def test_a_session_keeps_its_block_when_the_server_is_lost(state) -> None:
    ((session, _),) = recall_from(Recorder(OPENING_MAST), state, make_event("turn", "p1"))
    lost = HookSettings("http://127.0.0.1:9", "k", "tester", 500, 3)

    assert tuple(recall(make_event("turn", "p2"), lost, state)) == (session, "")


def test_a_compacted_session_begins_with_the_bytes_it_had(state) -> None:
    start = make_event("session_start")
    compacted = start._replace(is_resumed=True, is_compacted=True)

    first, again, after = recall_from(Recorder(OPENING_MAST, KEEL), state, start, compacted, make_event())

    assert "mast" in first[0]
    assert again == first
    assert "keel" in after[1]


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"prompt_id": 1}'])
def test_a_damaged_state_costs_a_repetition_at_most(state, damage) -> None:
    first = recall_from(Recorder(MAST), state, make_event())
    (state.get_subfolder("prompts") / "s1.json").write_bytes(damage)

    assert recall_from(Recorder(MAST), state, make_event()) == first


def test_what_the_host_dropped_from_the_conversation_is_shown_again(state) -> None:
    events = [make_event() for _ in range(2)]

    first, second = recall_from(Recorder(MAST, MAST), state, *events, drops_blocks=True)

    assert "mast" in first[1]
    assert second == first
