from __future__ import annotations

import json

from mnemo_server.domain.clock import system_clock
from mnemo_server.domain.ids import IdSource
from mnemo_server.services.caller import Caller
from mnemo_server.services.enrichment.scheduler import EnrichmentScheduler
from mnemo_server.services.messages.window import Window
from mnemo_server.stores.records import Appended, HeldMessages
from mnemos_contract.writing import StoreRequest

EMPTY = HeldMessages((), 0)
NO_ENRICHMENT = EnrichmentScheduler(system_clock, is_on=False, delay_seconds=0, wake=lambda _: None)
CALLER = Caller(tenant_id=1, key_id=1, request_id="r", agent_id="ann", project="p")


def window(*messages: dict, **fields: object) -> Window:
    request = StoreRequest.model_validate({"messages": list(messages), **fields})
    drafted = Window(
        caller=CALLER,
        request=request,
        taken=0,
        session_id="s",
        clock=lambda: 1_000,
        ids=IdSource(system_clock),
        scheduler=NO_ENRICHMENT,
    )
    drafted.draft()
    return drafted


def appended(count: int) -> Appended:
    messages = window(message("1"), message("2"), message("3")).select_new(EMPTY)
    return Appended(tuple(messages[:count]))


def message(content: str, role: str = "user", **fields: object) -> dict:
    return {"role": role, "content": content, **fields}


def held_after(drafted_window: Window, before: HeldMessages = EMPTY) -> HeldMessages:
    """Return what the session contains after a window was placed in it."""
    written = [draft.memory for draft in drafted_window.select_new(before)]
    seen = before.fingerprints + tuple((draft.seq or 0, draft.content_hash) for draft in written)
    return HeldMessages(seen, max([before.next_seq, *((draft.seq or 0) + 1 for draft in written)]))


def texts(drafted_window: Window, before: HeldMessages) -> list[tuple[int | None, str]]:
    return [(draft.memory.seq, draft.memory.content) for draft in drafted_window.select_new(before)]


def test_a_first_window_is_numbered_from_zero():
    drafted_window = window(message("hello"), message("hi", "assistant"))

    assert texts(drafted_window, EMPTY) == [(0, "hello"), (1, "hi")]


def test_an_overlapping_window_adds_its_rest():
    before = held_after(window(message("a"), message("b"), message("c")))

    assert texts(window(message("b"), message("c"), message("d")), before) == [(3, "d")]
    assert texts(window(message("b"), message("c")), before) == []


def test_a_real_repetition_is_stored():
    before = held_after(window(message("yes"), message("done", "assistant")))
    again = window(message("yes"), message("done", "assistant"), message("yes"), message("done", "assistant"))

    assert texts(again, before) == [(2, "yes"), (3, "done")]


def test_the_same_text_from_another_speaker_is_another_message():
    before = held_after(window(message("yes")))

    assert texts(window(message("yes", "assistant")), before) == [(1, "yes")]
    assert texts(window(message("yes", name="Bob")), before) == [(1, "yes")]


def test_search_entries_get_the_final_position_of_their_message():
    """The position is known only after the message was analysed."""
    drafted_window = window(message("a"), message("b")).select_new(
        held_after(window(message("x"), message("y")))
    )

    assert [(draft.entry.seq, draft.memory.seq) for draft in drafted_window] == [(2, 2), (3, 3)]


def test_messages_with_seq_can_arrive_in_any_order_and_are_stored_once():
    late = held_after(window(message("c", seq=2), message("d", seq=3)))

    assert texts(window(message("a", seq=0), message("b", seq=1), message("c", seq=2)), late) == [
        (0, "a"),
        (1, "b"),
    ]


def test_a_rewritten_position_keeps_both_texts():
    before = held_after(window(message("first draft", seq=0)))

    assert texts(window(message("second draft", seq=0)), before) == [(0, "second draft")]


def test_a_message_twice_in_one_window_is_stored_once_with_seq_and_twice_without():
    assert len(texts(window(message("a", seq=0), message("a", seq=0)), EMPTY)) == 1
    assert len(texts(window(message("a"), message("a")), EMPTY)) == 2


def test_a_window_where_only_some_messages_have_seq_is_aligned():
    before = held_after(window(message("a"), message("b")))

    assert texts(window(message("b", seq=7), message("c")), before) == [(2, "c")]


def test_blank_messages_are_left_out():
    drafted_window = window(message(" \n"), message("a"), message(""))

    assert texts(drafted_window, EMPTY) == [(0, "a")]
    assert drafted_window.describe(appended(1)).duplicates == 0


def test_a_message_keeps_its_speaker_time_and_project():
    drafted_window = window(
        message("a", name="Ann", created_at="2024-05-06T07:08:09.000001Z"),
        message("b"),
        agent_id="bob",
        tags=["t"],
    )

    first, second = (draft.memory for draft in drafted_window.select_new(EMPTY))

    assert (first.name, first.role, first.agent_id, first.project) == ("Ann", "user", "bob", "p")
    assert (first.created_at, first.updated_at) == (1_714_979_289_000_001, 1_000)
    assert (second.created_at, second.tags) == (1_001, ("t",))


def test_the_response_counts_new_messages_and_duplicates():
    drafted_window = window(message("a"), message("b"))

    assert json.loads(drafted_window.describe(appended(1)).to_json()) == {
        "status": "accepted",
        "outcome": "created",
        "stored": 1,
        "duplicates": 1,
        "session_id": "s",
    }
    assert drafted_window.describe(appended(0)).outcome == "duplicate"
    assert window(message("a"), sync=True).describe(appended(1)).status == "ok"


def test_search_entries_are_dated_after_the_analysis():
    """Other servers look back a few seconds only: an entry dated earlier than that would be missed."""
    times = iter((1_000, 60_000_000))
    request = StoreRequest.model_validate({"messages": [{"role": "user", "content": "a"}]})
    drafted = Window(
        caller=CALLER,
        request=request,
        taken=0,
        session_id="s",
        clock=lambda: next(times),
        ids=IdSource(system_clock),
        scheduler=NO_ENRICHMENT,
    )
    drafted.draft()
    (written,) = drafted.select_new(HeldMessages((), 0))
    assert (written.memory.updated_at, written.entry.changed_at) == (1_000, 60_000_000)
