"""One recall from a server that responds, hangs, or hasn't responded for a while."""

from __future__ import annotations

import pytest
from mnemos.hooks.attempt import Attempt
from mnemos.hooks.circuit import read_record
from mnemos.hooks.http.connection import ConnectionFailed

NOW = 1_796_000_000.0


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def begin(settings, state, clock):
    """Begins a recall, with a second for everything."""

    def begin(lived_seconds: float = 0.0) -> Attempt:
        second = settings._replace(recall_timeout_ms=1000)
        return Attempt("Prompt", second, state, lived_seconds=lived_seconds, now=clock)

    return begin


@pytest.fixture
def read_log(state):
    return lambda: (state.folder / "log" / "hook.log").read_text() if (state.folder / "log").exists() else ""


def respond(attempt: Attempt) -> None:
    attempt.remaining_seconds()
    attempt.settle()


def test_a_hook_that_asks_nothing_has_no_outcome(begin, state, settings, read_log) -> None:
    begin().settle()
    assert read_record(state, settings.url).recent == ()
    assert read_log() == ""


def test_a_response_in_time_is_counted_with_the_start_of_the_process(begin, state, settings) -> None:
    respond(begin(lived_seconds=0.3))

    (outcome,) = read_record(state, settings.url).recent
    assert outcome.reason == ""
    assert outcome.ms >= 300


def test_a_refused_connection_is_counted_and_the_server_is_asked_again(begin, state, settings, read_log):
    attempt = begin()
    attempt.remaining_seconds()
    attempt.note_miss("ConnectionRefusedError: refused")
    attempt.settle()

    assert read_record(state, settings.url).recent[0].reason == "ConnectionRefusedError: refused"
    assert "Prompt: nothing recalled: ConnectionRefusedError: refused after " in read_log()
    respond(begin())
    assert read_record(state, settings.url).recent[1].reason == ""


def test_a_process_that_must_end_is_counted_and_logged_with_its_reason(begin, state, settings, read_log):
    attempt = begin()
    attempt.remaining_seconds()

    assert attempt.expire()

    assert read_record(state, settings.url).recent[0].reason == "no end after 1000 ms"
    assert "Prompt: nothing recalled: no end after 1000 ms" in read_log()
    assert "; paused until " in read_log()


def test_a_recall_that_has_just_ended_is_printed_and_counted_once(begin, state, settings) -> None:
    attempt = begin()
    respond(attempt)

    assert not attempt.expire()
    assert len(read_record(state, settings.url).recent) == 1


def test_a_process_that_ends_is_counted_once(begin, state, settings) -> None:
    attempt = begin()
    attempt.remaining_seconds()
    assert attempt.expire()
    attempt.settle()
    assert len(read_record(state, settings.url).recent) == 1


def test_while_the_circuit_is_open_no_prompt_asks_and_one_line_is_logged(
    begin, clock, state, settings, read_log
) -> None:
    begin().expire()
    for seconds in (1, 15, 29):
        clock.now = NOW + seconds
        attempt = begin()
        with pytest.raises(ConnectionFailed) as error:
            attempt.remaining_seconds()
        attempt.note_miss(str(error.value))
        attempt.settle()

    assert read_log().count(f"{settings.url} isn't asked") == 1
    assert len(read_log().splitlines()) == 2
    assert [outcome.reason for outcome in read_record(state, settings.url).recent[1:]] == ["paused"] * 3


def test_each_opening_is_logged_again(begin, clock, read_log) -> None:
    for seconds in (0, 30):
        clock.now = NOW + seconds
        begin().expire()
        with pytest.raises(ConnectionFailed):
            begin().remaining_seconds()

    assert read_log().count("isn't asked") == 2


def test_after_the_pause_one_hook_tries_and_the_others_do_not_wait_for_it(begin, clock) -> None:
    begin().expire()
    clock.now = NOW + 31
    first, second = begin(), begin()

    assert first.remaining_seconds() <= 0.5
    with pytest.raises(ConnectionFailed, match="paused"):
        second.remaining_seconds()


def test_a_hook_that_dies_while_it_tries_leaves_the_circuit_to_the_next_one(begin, clock) -> None:
    begin().expire()
    clock.now = NOW + 31
    begin().remaining_seconds()
    clock.now += 3

    begin().remaining_seconds()  # isn't refused


def test_a_server_that_responds_again_is_asked_by_everyone(begin, clock) -> None:
    begin().expire()
    clock.now = NOW + 31
    respond(begin())

    for _ in range(2):
        begin().remaining_seconds()


def test_hooks_that_were_waiting_when_the_server_came_back_are_not_refused(begin, clock) -> None:
    begin().expire()
    clock.now = NOW + 31
    first, second = begin(), begin()
    respond(first)

    second.remaining_seconds()
    begin().remaining_seconds()


def test_on_a_busy_machine_half_of_the_limit_is_for_the_server(begin) -> None:
    assert begin(lived_seconds=7.0).seconds == 0.5
