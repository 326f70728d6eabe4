"""When a request is retried, and after how long: one policy for both clients."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final

import httpx2
import tenacity

from mnemos._wire import WireRequest, WireResponse

#: Responses after which the same request may succeed.
_BUSY: Final = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
#: How a connection breaks. A timeout isn't among them: a server that is silent once is silent again.
_BROKEN: Final = (httpx2.NetworkError, httpx2.RemoteProtocolError)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often, how long and after which waits a request is retried; `attempts=1` means no retries."""

    attempts: int = 3
    #: Seconds that a call takes at most, all attempts and waits together.
    total_seconds: float = 20.0
    #: Seconds before the first retry; further waits double, and each is reduced at random by up to half.
    first_wait_seconds: float = 0.2

    def is_worth_repeating(
        self, request: WireRequest, response: WireResponse | None, error: BaseException | None
    ) -> bool:
        """Return whether a retry may succeed and can't do anything twice."""
        if isinstance(error, httpx2.ConnectError):
            return True  # nothing was sent
        if isinstance(error, _BROKEN):
            return request.is_repeatable
        if response is None or response.status not in _BUSY:
            return False
        # A limit is checked before anything is done; a failing database may have failed after the write.
        return response.status == HTTPStatus.TOO_MANY_REQUESTS or request.is_repeatable

    def wait_seconds(self, attempt: int, response: WireResponse | None) -> float:
        """Return the wait after attempt 1, 2, …: what the server asks for, or a growing one, with jitter."""
        wait = self.first_wait_seconds * 2 ** (attempt - 1)
        asked = None if response is None else retry_after_seconds(response)
        if asked is not None:
            return asked + random.uniform(0, self.first_wait_seconds)
        return random.uniform(wait / 2, wait)

    def for_tenacity(self, request: WireRequest) -> dict[str, Any]:
        """Return the arguments of `tenacity.Retrying` and `AsyncRetrying`; the last outcome is final."""
        return {
            "retry": lambda state: self.is_worth_repeating(request, *_outcome(state)),
            "wait": lambda state: self.wait_seconds(state.attempt_number, _outcome(state)[0]),
            "stop": tenacity.stop_after_attempt(self.attempts)
            | tenacity.stop_before_delay(self.total_seconds),
            "retry_error_callback": _give_last_outcome,
        }


def retry_after_seconds(response: WireResponse, now: datetime | None = None) -> float | None:
    """Return the wait of the Retry-After header, in seconds or a date; None if it is absent or invalid."""
    text = response.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())


def _outcome(state: tenacity.RetryCallState) -> tuple[WireResponse | None, BaseException | None]:
    """Return the outcome of the last attempt: a response or an error."""
    if state.outcome is None:
        return None, None
    error = state.outcome.exception()
    return (None, error) if error else (state.outcome.result(), None)


def _give_last_outcome(state: tenacity.RetryCallState) -> WireResponse | None:
    """Return the last response, or raise the last error, when there is no further attempt."""
    return None if state.outcome is None else state.outcome.result()
