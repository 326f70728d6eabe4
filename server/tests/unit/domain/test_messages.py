from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from mnemo_server.domain.messages import count_known


def known(stored: str, window: str) -> int:
    """Align two conversations in which each letter is a message."""
    return count_known([letter.encode() for letter in stored], [letter.encode() for letter in window])


def test_a_first_window_is_all_new():
    assert known("", "abc") == 0


def test_a_resent_window_adds_nothing():
    assert known("abcdef", "cde") == 3
    assert known("abcdef", "abcdef") == 6
    assert known("abcdef", "f") == 1
    assert known("abcdef", "ef") == 2


def test_one_or_two_messages_from_further_in_are_said_again():
    """A client that sends each message alone must not lose a second yes."""
    assert known("ynab", "y") == 0
    assert known("ynab", "yn") == 0
    assert known("ynyn", "yn") == 2
    assert known("ynaby", "yn") == 1


def test_an_overlapping_window_adds_its_rest():
    assert known("abcd", "cdef") == 2


def test_a_growing_window_adds_its_end():
    assert known("ab", "abab") == 2


def test_a_window_that_repeats_its_own_beginning_is_found():
    assert known("aaab", "aab") == 3
    assert known("xaa", "aab") == 2


def test_a_window_without_overlap_is_all_new():
    assert known("abc", "xyz") == 0


def test_messages_that_agree_only_in_part_of_the_overlap_do_not_count():
    assert known("abcd", "bXd") == 0


def test_somebody_who_says_the_same_twice_is_kept_twice():
    assert known("yn", "ynyn") == 2
    assert known("y", "yy") == 1


def brute_force(stored: list[int], window: list[int]) -> int:
    """Try every offset, as the rule is written."""
    places = [at for at in range(len(stored) - len(window) + 1) if stored[at : at + len(window)] == window]
    if places and (len(window) >= 3 or places[-1] + len(window) == len(stored)):
        return len(window)
    heads = range(min(len(stored), len(window)), 0, -1)
    return next((head for head in heads if stored[-head:] == window[:head]), 0)


messages = st.lists(st.integers(0, 2), max_size=12)


@given(messages, messages)
def test_alignment_equals_trying_every_offset(stored: list[int], window: list[int]):
    as_bytes = [bytes([item]) for item in stored], [bytes([item]) for item in window]

    assert count_known(*as_bytes) == (brute_force(stored, window) if window else 0)


@given(messages, st.integers(1, 6))
def test_a_conversation_sent_in_overlapping_windows_of_distinct_messages_is_stored_once(
    said: list[int], step: int
):
    conversation = [f"{place}:{item}".encode() for place, item in enumerate(said)]
    stored: list[bytes] = []

    for end in range(0, len(conversation) + step, step):
        window = conversation[max(0, end - 2 * step) : end]
        stored.extend(window[count_known(stored, window) :])

    assert stored == conversation
