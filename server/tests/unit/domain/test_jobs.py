from __future__ import annotations

from dataclasses import replace

import pytest
from mnemo_server.domain.clock import MICROSECONDS
from mnemo_server.domain.jobs import (
    DONE,
    FAILED,
    MAX_ATTEMPTS,
    WAITING,
    Again,
    ClaimedJob,
    Done,
    HeldJob,
    NextState,
    Postponed,
    after_error,
    after_result,
    fair_order,
    handed_back,
    pause_after,
)

JOB = ClaimedJob(1, 2, "enrich", "session:s", {}, requests=3, attempts=0, token="t")
HELD = HeldJob(requests=3, attempts=2, run_at=50, error="it rained", has_items=False)


def test_a_job_with_nothing_left_is_done():
    assert after_result(Done(), JOB, HELD, 100) == NextState(DONE, 0, 50)


@pytest.mark.parametrize("result", [Done(), Again()])
def test_a_request_meanwhile_makes_it_wait_for_the_time_of_the_request(result):
    held = replace(HELD, requests=4, run_at=150, has_items=True)

    assert after_result(result, JOB, held, 100) == NextState(WAITING, 0, 150)


def test_items_left_make_it_run_again_at_once():
    assert after_result(Done(), JOB, replace(HELD, has_items=True), 100) == NextState(WAITING, 0, 100)
    assert after_result(Again(), JOB, HELD, 100) == NextState(WAITING, 0, 100)


def test_a_postponed_job_keeps_its_attempts_and_its_note():
    after = after_result(Postponed("n" * 300, 900), JOB, HELD, 100)

    assert after == NextState(WAITING, 2, 900, note="n" * 200, error="it rained")


def test_a_job_handed_back_is_as_it_was():
    assert handed_back(HELD, 100) == NextState(WAITING, 2, 100, error="it rained")


def test_an_error_counts_and_its_sentence_is_kept_as_far_as_there_is_room():
    after = after_error("e" * 2_000, JOB, HELD, 100, 0)

    assert (after.state, after.attempts, after.error) == (WAITING, 3, "e" * 1_000)
    assert after.run_at == 100 + pause_after(3, 0)


def test_the_last_attempt_gives_up_unless_it_was_asked_for_again():
    last = replace(HELD, attempts=MAX_ATTEMPTS - 1)

    assert after_error("it rained", JOB, last, 100, 0).state == FAILED
    revived = after_error("it rained", JOB, replace(last, requests=4), 100, 0)
    assert (revived.state, revived.attempts) == (WAITING, 0)
    assert revived.run_at > 100


def test_pauses_grow_from_seconds_to_an_hour_with_jitter():
    shortest = [pause_after(attempts, 0) / MICROSECONDS for attempts in range(1, MAX_ATTEMPTS)]
    longest = [pause_after(attempts, 1) / MICROSECONDS for attempts in range(1, MAX_ATTEMPTS)]

    assert shortest == [5, 15, 45, 135, 405, 1_215, 3_000]
    assert longest == pytest.approx([1.2 * pause for pause in shortest])
    assert max(longest) == 3_600
    assert pause_after(10_000, 1) == 3_600 * MICROSECONDS


def test_whoever_was_never_served_comes_first_and_then_who_was_served_longest_ago():
    due = {1: 10, 2: 30, 3: 20, 4: 5}

    assert fair_order(due, {}) == [4, 1, 3, 2]
    assert fair_order(due, {4: 1, 1: 7, 9: 2}) == [3, 2, 4, 1]
