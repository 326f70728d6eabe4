"""A server that hangs costs one slow prompt, and then none for a while."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mnemos.hooks.circuit import KEPT_OUTCOMES, Outcome, Record, change_record, read_record
from mnemos.hooks.state import State

URL = "http://memory.example"
NOW = 1_796_000_000


def miss(record: Record, at: int) -> Record:
    return record.add(Outcome(at, 1000, "timed out"), is_slow=True)


def find_file(state: State) -> Path:
    (path,) = (state.folder / "servers").iterdir()
    return path


def test_after_a_slow_miss_the_server_is_not_asked_for_half_a_minute() -> None:
    record = miss(Record(URL), NOW)

    assert record.find_pause_end(NOW + 29) == NOW + 30
    assert record.find_pause_end(NOW + 30) is None
    assert record.reason == "timed out"


def test_each_slow_miss_doubles_the_pause_up_to_ten_minutes() -> None:
    record, now, pauses = Record(URL), NOW, []
    for _ in range(7):
        record = miss(record, now)
        pauses.append(record.open_until - now)
        now = int(record.open_until)

    assert pauses == [30, 60, 120, 240, 480, 600, 600]


def test_a_pause_stays_the_longest_one_however_long_the_server_hangs() -> None:
    record = miss(Record(URL, misses=5_000), NOW)
    assert record.find_pause_end(NOW) == NOW + 600


def test_prompts_that_miss_at_the_same_time_are_one_miss() -> None:
    record = miss(miss(miss(Record(URL), NOW), NOW), NOW + 1)
    assert (record.misses, record.open_until) == (1, NOW + 30)
    assert len(record.recent) == 3


def test_any_response_in_time_closes_the_circuit() -> None:
    record = miss(miss(Record(URL), NOW), NOW + 30).add(Outcome(NOW + 31, 60), is_slow=False)

    assert record.find_pause_end(NOW + 31) is None
    assert miss(record, NOW + 40).open_until == NOW + 70  # it begins again with the shortest pause


def test_a_refused_connection_costs_nothing_and_pauses_nothing() -> None:
    record = Record(URL).add(Outcome(NOW, 45, "refused"), is_slow=False)
    assert record.find_pause_end(NOW) is None
    assert record.recent == (Outcome(NOW, 45, "refused"),)


def test_a_clock_that_is_set_back_ends_the_pause() -> None:
    record = miss(Record(URL), NOW)
    earlier = NOW - 86_400
    assert record.find_pause_end(earlier) is None
    assert miss(record, earlier).find_pause_end(earlier) == earlier + 60


@pytest.mark.parametrize(
    ("needs_ms", "misses", "limit_ms"),
    [
        (0, 0, 1000),
        (60, 1, 500),  # half is enough for a server that is near
        (500, 1, 750),  # a far one needs more
        (900, 1, 1000),
        (0, 1, 500),
        (0, 2, 1000),  # it has never responded: perhaps half is never enough
    ],
)
def test_after_a_pause_an_attempt_is_short_but_not_too_short_for_the_server(
    needs_ms, misses, limit_ms
) -> None:
    assert Record(URL, misses=misses, needs_ms=needs_ms).choose_limit_ms(1000) == limit_ms


def test_one_slow_response_is_forgotten_in_time() -> None:
    record = Record(URL).add(Outcome(NOW, 900), is_slow=False)
    for _ in range(40):
        record = record.add(Outcome(NOW, 60), is_slow=False)
    assert record.needs_ms < 100


def test_the_last_outcomes_are_kept_and_read_back(state) -> None:
    for number in range(KEPT_OUTCOMES + 5):
        change_record(state, URL, lambda r, n=number: r.add(Outcome(NOW, n, "x" * (n % 2)), is_slow=False))

    record = read_record(state, URL)

    assert [outcome.ms for outcome in record.recent] == list(range(5, KEPT_OUTCOMES + 5))
    assert record.recent[-1].reason == ""
    assert find_file(state).stat().st_mode & 0o777 == 0o600


def test_every_server_has_its_own_circuit(state) -> None:
    change_record(state, URL, lambda record: miss(record, NOW))
    assert read_record(state, "http://other.example") == Record("http://other.example")


@given(st.binary(max_size=200) | st.sampled_from([b"null", b"{}", b"[]", b"[" * 99_999, b'{"recent": [1]}']))
def test_a_damaged_file_is_as_none(tmp_path_factory, data) -> None:
    state = State(tmp_path_factory.mktemp("state"))
    change_record(state, URL, lambda record: miss(record, NOW))
    find_file(state).write_bytes(data)

    assert read_record(state, URL) == Record(URL)
    assert change_record(state, URL, lambda record: miss(record, NOW))[1].misses == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("misses", "many"),
        ("misses", -3),
        ("open_until", float("nan")),
        ("open_until", "soon"),
        ("recent", 7),
        ("recent", [[1, 2]]),
        ("recent", [["a", 2, "b"]]),
        ("url", 5),
        ("needs_ms", 1e400),
    ],
)
def test_a_file_with_a_damaged_value_never_pauses_anything(state, name, value) -> None:
    change_record(state, URL, lambda record: miss(record, NOW))
    path = find_file(state)
    path.write_text(json.dumps(json.loads(path.read_bytes()) | {name: value, "tried_until": 0}))

    record = read_record(state, URL)

    assert record == Record(URL) or record.find_pause_end(NOW + 31) is None
    assert 0 < record.choose_limit_ms(1000) <= 1000
    assert miss(record, NOW + 31).find_pause_end(NOW + 32)


def test_hooks_at_the_same_time_lose_no_outcome(state) -> None:
    def add(number: int) -> None:
        change_record(
            State(state.folder), URL, lambda record: record.add(Outcome(NOW, number), is_slow=False)
        )

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, range(20)))

    assert sorted(outcome.ms for outcome in read_record(state, URL).recent) == list(range(20))


def test_a_folder_that_cannot_be_written_breaks_nothing() -> None:
    nowhere = State("/proc/nowhere")
    assert change_record(nowhere, URL, lambda record: miss(record, NOW))[1].misses == 1
    assert read_record(nowhere, URL) == Record(URL)
