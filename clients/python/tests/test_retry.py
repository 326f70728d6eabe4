"""When a request is sent again, decided without sending one."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx2
import pytest
import tenacity
from mnemos._retry import RetryPolicy, retry_after_seconds
from mnemos._wire import WireRequest, WireResponse
from mnemos_contract import ROUTES_BY_NAME

POLICY = RetryPolicy(first_wait_seconds=0.2)
READ = WireRequest(ROUTES_BY_NAME["get_memory"], "http://h/", {})
UPDATE = WireRequest(ROUTES_BY_NAME["update_memory"], "http://h/", {})
STORE = WireRequest(ROUTES_BY_NAME["store_memory"], "http://h/", {"Idempotency-Key": "k"})
KEYLESS_STORE = WireRequest(ROUTES_BY_NAME["store_memory"], "http://h/", {})


def answer(status: int, retry_after: str | None = None) -> WireResponse:
    return WireResponse(status, {} if retry_after is None else {"retry-after": retry_after}, b"")


@pytest.mark.parametrize(
    ("outcome", "repeated"),
    [
        (httpx2.ConnectError("refused"), {"READ", "STORE", "UPDATE", "KEYLESS_STORE"}),
        (answer(429), {"READ", "STORE", "UPDATE", "KEYLESS_STORE"}),
        (httpx2.ReadError("reset"), {"READ", "STORE"}),
        (httpx2.RemoteProtocolError("closed"), {"READ", "STORE"}),
        (answer(503), {"READ", "STORE"}),
        (httpx2.ReadTimeout("slow"), set()),
        (httpx2.ConnectTimeout("slow"), set()),
        (ValueError("a fault of ours"), set()),
        (answer(200), set()),
        (answer(404), set()),
        (answer(500), set()),
    ],
    ids=lambda value: str(value) if not isinstance(value, set) else " ".join(sorted(value)) or "never",
)
def test_a_request_is_repeated_only_where_it_may_help_and_cannot_do_harm(outcome, repeated):
    requests = {"READ": READ, "STORE": STORE, "UPDATE": UPDATE, "KEYLESS_STORE": KEYLESS_STORE}
    reply = outcome if isinstance(outcome, WireResponse) else None
    error = outcome if isinstance(outcome, Exception) else None
    found = {name for name, request in requests.items() if POLICY.is_worth_repeating(request, reply, error)}
    assert found == repeated


@pytest.mark.parametrize(("attempt", "least", "most"), [(1, 0.1, 0.2), (2, 0.2, 0.4), (3, 0.4, 0.8)])
def test_waits_double_and_are_never_in_step(attempt, least, most):
    waits = {POLICY.wait_seconds(attempt, None) for _ in range(50)}
    assert least <= min(waits)
    assert max(waits) <= most
    assert len(waits) > 1


def test_the_wait_that_the_server_asks_for_is_never_cut_short():
    waits = {POLICY.wait_seconds(1, answer(503, "3")) for _ in range(50)}
    assert min(waits) >= 3
    assert max(waits) <= 3.2
    assert len(waits) > 1


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("12", 12.0),
        ("Mon, 23 Nov 2026 20:00:30 GMT", 30.0),
        ("Mon, 23 Nov 2026 19:00:00 GMT", 0.0),
        ("Mon, 23 Nov 2026 20:00:30 -0000", 30.0),
        ("soon", None),
        ("-1", None),
        ("1.5", None),
        ("", None),
    ],
)
def test_retry_after_is_read_in_both_its_forms(text, seconds):
    now = datetime(2026, 11, 23, 20, 0, 0, tzinfo=UTC)
    assert retry_after_seconds(answer(503, text), now) == seconds


def test_nothing_is_repeated_before_there_is_an_outcome():
    state = tenacity.RetryCallState(tenacity.Retrying(), None, (), {})
    assert not POLICY.for_tenacity(READ)["retry"](state)
