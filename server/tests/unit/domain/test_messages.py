from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from mnemo_server.domain.messages import count_known


def count_known_letters(stored: str, window: str) -> int:
    """Align two conversations in which each letter is a message; return how many of the window are known."""
    return count_known([letter.encode() for letter in stored], [letter.encode() for letter in window])


def test_a_first_window_is_all_new():
    assert count_known_letters("", "abc") == 0


def test_a_resent_window_adds_nothing():
    assert count_known_letters("abcdef", "cde") == 3
    assert count_known_letters("abcdef", "abcdef") == 6
    assert count_known_letters("abcdef", "f") == 1
    assert count_known_letters("abcdef", "ef") == 2


def test_one_or_two_messages_that_match_only_earlier_ones_are_new():
    """A client that sends each message alone must not lose a second "yes"."""
    assert count_known_letters("ynab", "y") == 0
    assert count_known_letters("ynab", "yn") == 0
    assert count_known_letters("ynyn", "yn") == 2
    assert count_known_letters("ynaby", "yn") == 1


def test_an_overlapping_window_adds_its_rest():
    assert count_known_letters("abcd", "cdef") == 2


def test_a_growing_window_adds_its_end():
    assert count_known_letters("ab", "abab") == 2


def test_a_window_that_repeats_its_own_beginning_is_aligned():
    assert count_known_letters("aaab", "aab") == 3
    assert count_known_letters("xaa", "aab") == 2


def test_a_window_without_overlap_is_all_new():
    assert count_known_letters("abc", "xyz") == 0


def test_a_partial_match_within_the_overlap_is_no_overlap():
    assert count_known_letters("abcd", "bXd") == 0


def test_a_repeated_conversation_is_stored_twice():
    assert count_known_letters("yn", "ynyn") == 2
    assert count_known_letters("y", "yy") == 1


def brute_force(stored: list[int], window: list[int]) -> int:
    """Try every offset, as the rule is defined."""
    offsets = [
        offset
        for offset in range(len(stored) - len(window) + 1)
        if stored[offset : offset + len(window)] == window
    ]
    if offsets and (len(window) >= 3 or offsets[-1] + len(window) == len(stored)):
        return len(window)
    heads = range(min(len(stored), len(window)), 0, -1)
    return next((head for head in heads if stored[-head:] == window[:head]), 0)


messages = st.lists(st.integers(0, 2), max_size=12)


@given(messages, messages)
def test_alignment_equals_trying_every_offset(stored: list[int], window: list[int]):
    as_bytes = [bytes([item]) for item in stored], [bytes([item]) for item in window]

    assert count_known(*as_bytes) == (brute_force(stored, window) if window else 0)


@given(messages, st.integers(1, 6))
def test_overlapping_windows_of_distinct_messages_are_stored_once(items: list[int], step: int):
    conversation = [f"{place}:{item}".encode() for place, item in enumerate(items)]
    stored: list[bytes] = []

    for end in range(0, len(conversation) + step, step):
        window = conversation[max(0, end - 2 * step) : end]
        stored.extend(window[count_known(stored, window) :])

    assert stored == conversation
