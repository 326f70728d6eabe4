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


def test_a_job_without_remaining_items_is_done():
    assert after_result(Done(), JOB, HELD, 100) == NextState(DONE, 0, 50)


@pytest.mark.parametrize("result", [Done(), Again()])
def test_a_job_requested_meanwhile_waits_until_the_time_of_that_request(result):
    held = replace(HELD, requests=4, run_at=150, has_items=True)

    assert after_result(result, JOB, held, 100) == NextState(WAITING, 0, 150)


def test_a_job_with_remaining_items_runs_again_at_once():
    assert after_result(Done(), JOB, replace(HELD, has_items=True), 100) == NextState(WAITING, 0, 100)
    assert after_result(Again(), JOB, HELD, 100) == NextState(WAITING, 0, 100)


def test_a_postponed_job_keeps_its_attempts_and_gets_its_note():
    after = after_result(Postponed("n" * 300, 900), JOB, HELD, 100)

    assert after == NextState(WAITING, 2, 900, note="n" * 200, error="it rained")


def test_a_job_that_is_handed_back_keeps_its_state():
    assert handed_back(HELD, 100) == NextState(WAITING, 2, 100, error="it rained")


def test_an_error_counts_as_an_attempt_and_its_message_is_truncated():
    after = after_error("e" * 2_000, JOB, HELD, 100, 0)

    assert (after.state, after.attempts, after.error) == (WAITING, 3, "e" * 1_000)
    assert after.run_at == 100 + pause_after(3, 0)


def test_the_last_attempt_fails_the_job_unless_it_was_requested_again():
    last = replace(HELD, attempts=MAX_ATTEMPTS - 1)

    assert after_error("it rained", JOB, last, 100, 0).state == FAILED
    retried = after_error("it rained", JOB, replace(last, requests=4), 100, 0)
    assert (retried.state, retried.attempts) == (WAITING, 0)
    assert retried.run_at > 100


def test_pauses_grow_from_seconds_to_an_hour_with_jitter():
    shortest = [pause_after(attempts, 0) / MICROSECONDS for attempts in range(1, MAX_ATTEMPTS)]
    longest = [pause_after(attempts, 1) / MICROSECONDS for attempts in range(1, MAX_ATTEMPTS)]

    assert shortest == [5, 15, 45, 135, 405, 1_215, 3_000]
    assert longest == pytest.approx([1.2 * pause for pause in shortest])
    assert max(longest) == 3_600
    assert pause_after(10_000, 1) == 3_600 * MICROSECONDS


def test_tenants_never_served_come_first_then_those_served_longest_ago():
    due = {1: 10, 2: 30, 3: 20, 4: 5}

    assert fair_order(due, {}) == [4, 1, 3, 2]
    assert fair_order(due, {4: 1, 1: 7, 9: 2}) == [3, 2, 4, 1]
