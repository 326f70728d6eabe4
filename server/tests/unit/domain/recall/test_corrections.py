from __future__ import annotations

import numpy as np
from mnemo_server.domain.recall.corrections import AGE_FEATURES, describe_ages
from mnemo_server.domain.recall.signs import read_signs

from server.tests.unit.domain.recall.test_lines import NOON, make_memory

HOUR = 3_600_000_000


def describe(*contents: str, cosine: float = 0.8, count: int = 9) -> list[dict[str, float]]:
    """Return the age features of texts from different sessions, each an hour newer than the one before."""
    memories = [
        make_memory(content, created_at=NOON + place * HOUR, session_id=f"s{place}", seq=0)
        for place, content in enumerate(contents)
    ]
    directions = np.full((len(contents), 2), np.sqrt(cosine / 2))
    signs = np.array([read_signs(content, is_by_person=True) for content in contents])
    rows = describe_ages(memories, directions, np.zeros(len(contents)), signs, count)
    return [dict(zip(AGE_FEATURES, row, strict=True)) for row in rows]


def test_only_newer_texts_affect_the_features_of_a_memory():
    old, new = describe("the mast is oak", "the mast is replaced by pine")

    assert (old["near"], old["near_changing"]) == (np.float64(0.8), np.float64(0.8))
    assert (new["near"], new["newer"]) == (0, 0)


def test_near_changing_requires_words_of_change():
    old, _ = describe("the mast is oak", "every mast stands upright today")

    assert old["near"] > 0
    assert old["near_changing"] == 0


def test_a_question_corrects_nothing():
    old, _ = describe("the mast is oak", "was the mast replaced by pine instead?")

    assert (old["near"], old["common"]) == (0, 0)


def test_a_repeat_corrects_nothing():
    old, _ = describe("the harbour gate code is zulu", "remember harbour gate code")

    assert old["near"] == 0


def test_at_most_the_given_number_of_memories_is_described():
    assert len(describe("one thing", "another thing", "a third thing", count=2)) == 2
    assert describe_ages([], np.zeros((0, 2)), np.zeros(0), np.zeros((0, 11)), 5).shape == (
        0,
        len(AGE_FEATURES),
    )


def test_rare_words_in_common_count_more_than_frequent_ones():
    frequent = describe("the mast is oak", "the hull is steel", "the flag is blue")[0]
    rare = describe("the mast is oak", "the hull is steel", "that mast is pine")[0]

    assert rare["common"] == frequent["common"]
    assert rare["rare"] > 2 * frequent["rare"]


def test_an_answer_close_by_in_the_same_session_is_not_apart():
    def describe_first(seq: int) -> dict[str, float]:
        memories = [
            make_memory("the mast is oak", created_at=NOON, session_id="s1", seq=0),
            make_memory("mast replaced by pine", created_at=NOON + 1, session_id="s1", seq=seq),
        ]
        signs = np.array([read_signs(one.content, is_by_person=True) for one in memories])
        rows = describe_ages(memories, np.eye(2) + 0.5, np.zeros(2), signs, 1)
        return dict(zip(AGE_FEATURES, rows[0], strict=True))

    assert describe_first(1)["rare_relevant_apart"] == 0
    assert describe_first(9)["rare_relevant_apart"] > 0
    assert describe_first(1)["rare_relevant"] == describe_first(9)["rare_relevant"] > 0


def test_texts_without_words_are_compared_too():
    old, new = describe("?!", "...")

    assert (old["common"], old["rare"], new["newer"]) == (0, 0, 0)
