from __future__ import annotations

import numpy as np
import pytest
from mnemo_server.domain.memories.memory import StoredMemory
from mnemo_server.domain.recall.choice import Candidate, Choice, Limits, choose
from mnemo_server.domain.recall.lines import count_tokens
from mnemos_contract.recalls import LeftOut

from server.tests.unit.domain.recall.test_lines import make_memory

DAY = 86_400_000_000


def make_candidate(content: str, odds: float = 0.0, *, day: int = 0, **fields) -> Candidate:
    discount = fields.pop("discount", 0.0)
    memory: StoredMemory = make_memory(content, created_at=1_772_539_200_000_000 + day * DAY, **fields)
    return Candidate(memory, odds, np.empty(0), lambda _: 0.0, discount)


def make_limits(**fields) -> Limits:
    return Limits(**{"show_from": lambda _: -2.0, "max_tokens": 400} | fields)


def texts(choice: Choice) -> list[str]:
    return [one.memory.content for one in choice.shown]


def reasons(choice: Choice) -> dict[str, LeftOut]:
    return {one.memory.content: reason for one, reason in choice.left_out}


def test_the_best_candidates_are_shown_first():
    candidates = [make_candidate("The mast is oak.", 1), make_candidate("Fridays are for reviews.", 0)]

    assert texts(choose(candidates, make_limits())) == ["The mast is oak.", "Fridays are for reviews."]


def test_candidates_below_the_threshold_are_left_out_as_weak():
    choice = choose([make_candidate("The mast is oak.", -2.1)], make_limits())

    assert (texts(choice), reasons(choice)) == ([], {"The mast is oak.": LeftOut.WEAK})


def test_a_candidate_discounted_below_the_threshold_is_left_out_as_corrected():
    choice = choose([make_candidate("The mast is oak.", -3, discount=2)], make_limits())

    assert reasons(choice) == {"The mast is oak.": LeftOut.CORRECTED}


def test_memories_of_the_current_session_are_left_out():
    choice = choose([make_candidate("The mast is oak.", session_id="s1")], make_limits(session_id="s1"))

    assert reasons(choice) == {"The mast is oak.": LeftOut.THIS_SESSION}


def test_a_line_that_was_already_shown_is_left_out():
    candidate = make_candidate("The mast is oak.")

    choice = choose([candidate], make_limits(shown={candidate.key}))

    assert reasons(choice) == {"The mast is oak.": LeftOut.SHOWN_ALREADY}


@pytest.mark.parametrize(
    ("prompt", "content"),
    [
        ("which wood is the mast made of", "Which wood is the mast of?"),
        ("The mast is oak", "the mast is oak."),
        ("anything", "!?"),
    ],
)
def test_a_memory_that_only_repeats_the_prompt_is_left_out(prompt, content):
    assert reasons(choose([make_candidate(content)], make_limits(), prompt)) == {
        content: LeftOut.REPEATS_PROMPT
    }


@pytest.mark.parametrize(
    "prompt",
    ["Is the staging database read-only on Fridays?", "is the staging database read-only on fridays"],
)
def test_a_statement_with_the_words_of_a_question_is_shown(prompt):
    statement = "The staging database is read-only on Fridays."

    assert texts(choose([make_candidate(statement)], make_limits(), prompt)) == [statement]


def test_the_same_text_from_several_sessions_is_shown_once_with_its_latest_day():
    repeats = [make_candidate("Never push to main on a Friday.", -day, day=day) for day in range(3)]

    choice = choose(
        [*repeats, make_candidate("The mast is oak.", -1.5)], make_limits(show_from=lambda _: -9.0)
    )

    assert texts(choice) == ["Never push to main on a Friday.", "The mast is oak."]
    assert "2026-03-05" in choice.shown[0].line
    assert [reason for _, reason in choice.left_out] == [LeftOut.SAME, LeftOut.SAME]


def test_texts_that_differ_in_a_value_are_both_shown_newest_first():
    old, new = (
        make_candidate(f"The importer listens on port {port}.", day=day)
        for day, port in enumerate((8080, 9410))
    )

    assert texts(choose([old, new], make_limits())) == [new.memory.content, old.memory.content]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Ann works at Initech.", "Ann left Initech, she works at Globex now."),
        ("Deploys go out on Fridays.", "Deploys no longer go out on Fridays, but on Mondays."),
    ],
)
def test_a_correction_is_shown_before_the_memory_it_corrects(old, new):
    candidates = [make_candidate(old, 1), make_candidate(new, 0, day=9)]

    assert texts(choose(candidates, make_limits())) == [new, old]


def test_a_block_stays_within_its_token_budget():
    candidates = [
        make_candidate(f"Note {number} of the ship's log, kept by the mate", -number / 9)
        for number in range(9)
    ]
    limit = sum(count_tokens(one.line) for one in candidates[:3])

    choice = choose(candidates, make_limits(max_tokens=limit))

    assert len(choice.shown) == 3
    assert set(reasons(choice).values()) == {LeftOut.OVER_BUDGET}


def test_a_short_line_is_shown_after_one_that_did_not_fit():
    candidates = [make_candidate("long " * 100, 1), make_candidate("The mast is oak.", 0)]

    assert texts(choose(candidates, make_limits(max_tokens=40))) == ["The mast is oak."]


def test_if_a_newer_repeat_does_not_fit_the_older_one_is_shown():
    older = make_candidate("Never push to main on a Friday, please.", 1)
    newer = make_candidate("Never, ever push to main on a Friday, please - " + "- " * 90, 0, day=1)

    choice = choose([older, newer], make_limits(max_tokens=count_tokens(older.line)))

    assert texts(choice) == [older.memory.content]
    assert list(reasons(choice).values()) == [LeftOut.SAME]


def test_a_memory_of_another_project_is_left_out_for_that_reason():
    candidates = [make_candidate("The mast is oak.", 3, project="boat"), make_candidate("The hull is steel.")]

    choice = choose(candidates, make_limits(is_elsewhere=lambda memory: memory.project == "boat"))

    assert texts(choice) == ["The hull is steel."]
    assert reasons(choice) == {"The mast is oak.": LeftOut.OTHER_PROJECT}
