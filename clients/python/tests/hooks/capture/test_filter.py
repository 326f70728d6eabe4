from __future__ import annotations

import stat
import uuid

import pytest
from mnemos.hooks.capture import dedupe as known_module
from mnemos.hooks.capture import refused as refused_module
from mnemos.hooks.capture.dedupe import KnownMessages
from mnemos.hooks.capture.filter import MessageFilter
from mnemos.hooks.capture.guard import Refusal
from mnemos.hooks.capture.refused import MAX_TEXT_CHARACTERS, RefusedLog, read_refused
from mnemos.hooks.messages import Cursor, SaidMessage, Window
from mnemos.hooks.recall.shown import Shown

from tests.support.secret_maker import SecretMaker, find_leak

BLOCK = (
    "<relevant-memories>\ncaution\n"
    "- [0abcdefghjkmn, 2026-11-23] The mast & the keel are oak.\n</relevant-memories>"
)


def make_window(*texts: str, seq: int = 0, ids: int = 0, recalled: tuple[str, ...] = ()) -> Window:
    roles = ("user", "assistant")
    messages = [
        SaidMessage(str(uuid.UUID(int=ids + place)), roles[place % 2], text, "", place)
        for place, text in enumerate(texts, seq)
    ]
    return Window(messages, Cursor(), recalled)


def pass_through(window: Window, settings, state, session_id: str = "s1") -> list[int]:
    """Let a window through and give the places of what passed."""
    message_filter = MessageFilter(session_id, settings, state)
    chosen = message_filter.choose(window)
    message_filter.remember(chosen)
    return [message.seq for message in chosen]


def test_a_refused_message_leaves_its_place_empty(settings, state) -> None:
    window = make_window("the depot closes at 17:40", "You're welcome!", "thanks", "Noted: 17:40.")

    assert pass_through(window, settings, state) == [0, 3]


def test_a_question_is_remembered_until_the_next_capture(settings, state) -> None:
    pass_through(make_window("drop the table", "Shall I make a copy first?"), settings, state)
    pass_through(make_window("drop it", "Dropped the table.", ids=50), settings, state, "s2")

    assert pass_through(make_window("yes", seq=2), settings, state) == [2]
    assert pass_through(make_window("yes", seq=2, ids=50), settings, state, "s2") == []


def test_somebody_who_says_yes_twice_is_kept_twice(settings, state) -> None:
    window = make_window("yes", "Shall I drop it?", "yes", "And the copy too?", "yes")

    assert pass_through(window, settings, state)[-2:] == [3, 4]
    assert 2 in pass_through(window, settings, state)


def test_an_answer_is_kept_where_it_is_not_known_what_was_asked(settings, state) -> None:
    assert pass_through(make_window("yes", seq=7), settings, state) == [7]


def test_what_recall_put_in_is_known_for_the_rest_of_the_session(settings, state) -> None:
    pass_through(make_window("tell me of the boat", recalled=(BLOCK,)), settings, state)

    echo = make_window("The mast & the keel are oak.", seq=1)

    assert pass_through(echo, settings, state) == []
    assert pass_through(
        make_window("The mast & the keel are oak.", seq=1, ids=50), settings, state, "s2"
    ) == [1]


def test_what_recall_says_it_put_in_counts_where_the_host_does_not_tell(settings, state) -> None:
    Shown("s1", state).write_session_block(BLOCK)

    assert pass_through(make_window("", "The mast & the keel are oak."), settings, state) == []


def test_a_recalled_block_in_front_of_a_prompt_is_cut_off(settings, state) -> None:
    message_filter = MessageFilter("s1", settings, state)

    (message,) = message_filter.choose(make_window(f"{BLOCK}\nWhich wood does the rudder have?"))

    assert message.content == "Which wood does the rudder have?"


def test_everything_passes_and_nothing_does_when_told_so(settings, state) -> None:
    window = make_window("thanks", "You're welcome!")

    assert pass_through(window, settings._replace(capture="all"), state) == [0, 1]
    assert pass_through(window, settings._replace(capture="off"), state, "s2") == []
    assert list(read_refused(state)) == []


def test_what_another_session_said_is_not_taken_again(settings, state) -> None:
    window = make_window("the depot closes at 17:40", "Noted: 17:40.")
    pass_through(window, settings, state)

    assert pass_through(window, settings, state, "fork") == []
    assert pass_through(window, settings, state) == [0, 1]
    assert pass_through(window, settings._replace(api_key="another"), state, "fork") == [0, 1]


def test_ids_that_are_no_uuids_tell_nothing_of_other_sessions(settings, state) -> None:
    known = KnownMessages(state, settings)
    known.add("s1", ["m1", "x" * 36, ""])

    assert not any(known.is_elsewhere("s2", message_id) for message_id in ("m1", "x" * 36, ""))


def test_what_is_known_is_bounded_and_keeps_the_newest(settings, state, monkeypatch) -> None:
    monkeypatch.setattr(known_module, "MAX_RECORDS", 5)
    known = KnownMessages(state, settings)
    ids = [str(uuid.UUID(int=number)) for number in range(11)]
    for message_id in ids:
        known.add("s1", [message_id])

    assert [known.is_elsewhere("s2", message_id) for message_id in ids] == [False] * 6 + [True] * 5


def test_what_is_refused_is_noted_for_its_owner_alone(settings, state) -> None:
    pass_through(make_window("thanks"), settings, state)

    (entry,) = read_refused(state)

    assert (entry.session_id, entry.seq, entry.role, entry.code, entry.text) == (
        "s1", 0, "user", "filler", "thanks",
    )  # fmt: skip
    for folder in ("refused", "known", "contexts"):
        modes = [stat.S_IMODE(path.stat().st_mode) for path in (state.folder / folder).iterdir()]
        assert set(modes) <= {0o600}
        assert stat.S_IMODE((state.folder / folder).stat().st_mode) == 0o700


def test_the_list_of_refusals_is_bounded_and_holds_no_secret(settings, state, monkeypatch) -> None:
    monkeypatch.setattr(refused_module, "MAX_LIST_BYTES", 2_000)
    secret = SecretMaker(3).make("github classic")
    log = RefusedLog(state, settings._replace(redact=False))
    for number in range(40):
        message = SaidMessage("", "user", f"{number} {secret.text} {'x ' * 400}", "", number)
        log.add("s1", message, Refusal("dump", "…"))

    entries = list(read_refused(state))
    files = sorted((state.folder / "refused").iterdir())

    assert entries[-1].seq == 39
    assert len(entries) < 20
    assert all(len(entry.text) <= MAX_TEXT_CHARACTERS for entry in entries)
    assert [path.name for path in files] == ["refused.jsonl", "refused.jsonl.1"]
    assert find_leak(secret.random, "".join(path.read_text() for path in files)) is None


@pytest.mark.parametrize("damage", [b"{", b"\xff\xfe", b'{"lines": 3}', b"[]", b"null"])
def test_damaged_state_is_as_good_as_none(settings, state, damage) -> None:
    pass_through(make_window("tell me of the boat"), settings, state)
    for folder in ("contexts", "refused", "known"):
        for path in state.get_subfolder(folder).iterdir():
            path.write_bytes(damage)
    state.write(state.get_subfolder("prompts") / "s1.json", damage)

    assert pass_through(make_window("The rudder is ash.", seq=1), settings, state) == [1]
    assert list(read_refused(state)) == []
