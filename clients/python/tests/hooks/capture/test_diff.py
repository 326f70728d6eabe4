from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mnemos.hooks.capture.diff import find_new, find_new_by_id, read_new_messages
from mnemos.hooks.messages import Cursor, SaidMessage


def make_messages(*words: str) -> tuple[SaidMessage, ...]:
    """Make messages whose ids are their texts, as in a host that has none of its own."""
    return tuple(SaidMessage(word, "user", word) for word in words)


def test_what_was_handed_over_before_is_not_new() -> None:
    first = read_new_messages(make_messages("a", "b"), Cursor())
    second = read_new_messages(make_messages("a", "b", "c"), first.cursor)
    third = read_new_messages(make_messages("a", "b", "c"), second.cursor)

    assert [(message.content, message.seq) for message in first.messages] == [("a", 0), ("b", 1)]
    assert [(message.content, message.seq) for message in second.messages] == [("c", 2)]
    assert third.messages == []
    assert third.cursor == second.cursor


@pytest.mark.parametrize(
    ("known", "handed", "new"),
    [
        ("ab", "b", ""),  # shortened in front
        ("abc", "cd", "d"),  # shortened, and gone on
        ("abc", "scd", "d"),  # shortened to a summary
        ("abcde", "xy", "xy"),  # another conversation
        ("ayby", "aybyyy", "yy"),  # somebody says the same thing again
        ("y", "yy", ""),  # nothing tells the two apart: the last place counts
    ],
)
def test_new_begins_after_the_longest_run_of_known_ones(known: str, handed: str, new: str) -> None:
    assert handed[find_new(list(handed), tuple(known)) :] == new


@pytest.mark.parametrize(
    ("known", "handed", "new"),
    [
        ("", "ab", "ab"),
        ("abc", "abcd", "d"),
        ("abc", "ad", "d"),  # what stood behind was taken back
        ("abcd", "aed", ""),  # what is missing in between comes too late
        ("bc", "abcd", "d"),  # older ones are known no more
        ("abc", "xy", "xy"),  # everything was taken back
    ],
)
def test_with_unique_ids_new_begins_after_the_last_known_one(known: str, handed: str, new: str) -> None:
    assert handed[find_new_by_id(list(handed), tuple(known)) :] == new


def test_what_a_user_took_back_is_not_captured_twice() -> None:
    first = read_new_messages(make_messages("a", "b", "c"), Cursor(), has_unique_ids=True)
    second = read_new_messages(make_messages("a", "d"), first.cursor, has_unique_ids=True)
    third = read_new_messages(make_messages("a", "b", "c"), second.cursor, has_unique_ids=True)

    assert [(message.content, message.seq) for message in second.messages] == [("d", 3)]
    assert third.messages == []


@given(st.text("abc", min_size=1), st.text("abc"), st.integers(0, 20))
def test_a_conversation_that_grows_is_captured_once_however_often_words_repeat(start, more, cut) -> None:
    """As long as the host still hands over what it did before."""
    first = read_new_messages(
        make_messages(*(f"{place}{word}" for place, word in enumerate(start))), Cursor()
    )
    whole = make_messages(*(f"{place}{word}" for place, word in enumerate(start + more)))

    second = read_new_messages(whole[min(cut, len(start) - 1) :], first.cursor)

    assert [message.seq for message in second.messages] == list(range(len(start), len(start + more)))
    assert second.messages == [
        message._replace(seq=place) for place, message in enumerate(whole) if place >= len(start)
    ]
