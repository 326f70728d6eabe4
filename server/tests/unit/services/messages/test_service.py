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
    made = Window(
        caller=CALLER,
        request=request,
        taken=0,
        session_id="s",
        clock=lambda: 1_000,
        ids=IdSource(system_clock),
        scheduler=NO_ENRICHMENT,
    )
    made.draft()
    return made


def appended(count: int) -> Appended:
    some = window(said("1"), said("2"), said("3")).select_new(EMPTY)
    return Appended(tuple(some[:count]))


def said(content: str, role: str = "user", **fields: object) -> dict:
    return {"role": role, "content": content, **fields}


def held(placed: Window, before: HeldMessages = EMPTY) -> HeldMessages:
    """What the session holds once a window was placed in it."""
    written = [one.memory for one in placed.select_new(before)]
    seen = before.fingerprints + tuple((one.seq or 0, one.content_hash) for one in written)
    return HeldMessages(seen, max([before.next_seq, *((one.seq or 0) + 1 for one in written)]))


def texts(placed: Window, before: HeldMessages) -> list[tuple[int | None, str]]:
    return [(one.memory.seq, one.memory.content) for one in placed.select_new(before)]


def test_a_first_window_is_numbered_from_zero():
    placed = window(said("hello"), said("hi", "assistant"))

    assert texts(placed, EMPTY) == [(0, "hello"), (1, "hi")]


def test_an_overlapping_window_adds_its_rest():
    before = held(window(said("a"), said("b"), said("c")))

    assert texts(window(said("b"), said("c"), said("d")), before) == [(3, "d")]
    assert texts(window(said("b"), said("c")), before) == []


def test_a_real_repetition_is_kept():
    before = held(window(said("yes"), said("done", "assistant")))
    again = window(said("yes"), said("done", "assistant"), said("yes"), said("done", "assistant"))

    assert texts(again, before) == [(2, "yes"), (3, "done")]


def test_the_same_words_of_somebody_else_are_another_message():
    before = held(window(said("yes")))

    assert texts(window(said("yes", "assistant")), before) == [(1, "yes")]
    assert texts(window(said("yes", name="Bob")), before) == [(1, "yes")]


def test_search_knows_the_place_that_a_message_gets():
    """The place is known only after the message was analysed."""
    placed = window(said("a"), said("b")).select_new(held(window(said("x"), said("y"))))

    assert [(one.entry.seq, one.memory.seq) for one in placed] == [(2, 2), (3, 3)]


def test_with_seq_messages_arrive_in_any_order_and_once():
    late = held(window(said("c", seq=2), said("d", seq=3)))

    assert texts(window(said("a", seq=0), said("b", seq=1), said("c", seq=2)), late) == [(0, "a"), (1, "b")]


def test_a_place_that_was_rewritten_keeps_both_texts():
    before = held(window(said("first draft", seq=0)))

    assert texts(window(said("second draft", seq=0)), before) == [(0, "second draft")]


def test_a_message_twice_in_one_window_is_stored_once_with_seq_and_twice_without():
    assert len(texts(window(said("a", seq=0), said("a", seq=0)), EMPTY)) == 1
    assert len(texts(window(said("a"), said("a")), EMPTY)) == 2


def test_a_window_in_which_only_some_have_seq_is_aligned():
    before = held(window(said("a"), said("b")))

    assert texts(window(said("b", seq=7), said("c")), before) == [(2, "c")]


def test_blank_messages_are_left_out():
    placed = window(said(" \n"), said("a"), said(""))

    assert texts(placed, EMPTY) == [(0, "a")]
    assert placed.describe(appended(1)).duplicates == 0


def test_a_message_keeps_who_said_it_when_and_for_what_project():
    placed = window(
        said("a", name="Ann", created_at="2024-05-06T07:08:09.000001Z"), said("b"), agent_id="bob", tags=["t"]
    )

    first, second = (one.memory for one in placed.select_new(EMPTY))

    assert (first.name, first.role, first.agent_id, first.project) == ("Ann", "user", "bob", "p")
    assert (first.created_at, first.updated_at) == (1_714_979_289_000_001, 1_000)
    assert (second.created_at, second.tags) == (1_001, ("t",))


def test_the_answer_counts_what_was_new():
    placed = window(said("a"), said("b"))

    assert json.loads(placed.describe(appended(1)).to_json()) == {
        "status": "accepted",
        "outcome": "created",
        "stored": 1,
        "duplicates": 1,
        "session_id": "s",
    }
    assert placed.describe(appended(0)).outcome == "duplicate"
    assert window(said("a"), sync=True).describe(appended(1)).status == "ok"


def test_search_entries_are_dated_when_they_are_placed_not_before_the_analysis():
    """Other servers look back a few seconds only: an entry dated earlier than that would stay unseen."""
    moments = iter((1_000, 60_000_000))
    request = StoreRequest.model_validate({"messages": [{"role": "user", "content": "a"}]})
    made = Window(
        caller=CALLER,
        request=request,
        taken=0,
        session_id="s",
        clock=lambda: next(moments),
        ids=IdSource(system_clock),
        scheduler=NO_ENRICHMENT,
    )
    made.draft()
    (written,) = made.select_new(HeldMessages((), 0))
    assert (written.memory.updated_at, written.entry.changed_at) == (1_000, 60_000_000)
