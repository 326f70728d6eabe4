"""Requests to endpoints with OpenAI's API: opens clients, retries requests, translates errors.

Embeddings and language models share it. Errors and logs never quote the endpoint, its key or the password in
its address: the response of an endpoint to a wrong key repeats parts of the key.
"""

from __future__ import annotations

import asyncio
import json
import math
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    stop_before_delay,
    wait_random_exponential,
)

if TYPE_CHECKING:
    from openai import AsyncOpenAI

OPENAI_URL: Final = "https://api.openai.com/v1"

#: The key sent to a server that needs none, since the client requires one.
_NO_KEY: Final = "none"
#: Statuses worth a retry: timeout, conflict, too early, too many requests; also all server errors.
_PASSING: Final = frozenset({408, 409, 425, 429})
_SERVER_FAULT: Final = 500
#: Statuses that mean a wrong key, account or address, not a wrong request.
_SETTINGS: Final = frozenset({401, 402, 403, 404, 405})
_FIRST_REFUSAL: Final = 400


class EndpointError(Exception):
    """A failed request; the message is a sentence without the endpoint's own words."""


class EndpointUnavailable(EndpointError):
    """The endpoint doesn't respond now, but may later."""

    def __init__(
        self, message: str, retry_after_seconds: float | None = None, *, is_unspent: bool = False
    ) -> None:
        """Take the message, and how long the endpoint asked to wait, if it did.

        `is_unspent`: the request was rejected or never sent, so it can't have cost anything.
        """
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
        self.is_unspent = is_unspent


class SettingsRefused(EndpointError):
    """The endpoint refuses the key, the model or the path; or the key or the address is unusable."""


class RequestRefused(EndpointError):
    """The endpoint will never accept this request."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to retry when an endpoint fails."""

    seconds: float
    """Time limit for all attempts, including pauses."""
    attempts: int = 5
    first_pause_seconds: float = 0.25
    """Upper limit of a random pause, doubled after each attempt; the endpoint may ask for another."""


@dataclass(frozen=True, slots=True)
class Access:
    """Address and key of an endpoint, and the words that describe it in errors."""

    noun: str
    """The kind of endpoint, such as `embedding endpoint`."""
    settings: str
    """Prefix of its settings: `MNEMO_EMBED` for `MNEMO_EMBED_API_KEY`, `…_MODEL` and `…_BASE_URL`."""
    base_url: str | None = field(default=None, repr=False)
    """May contain a user and a password; None means OpenAI's own."""
    api_key: str | None = field(default=None, repr=False)

    def name_model(self, model: str) -> str:
        """Return an identifier of a model, with the host if it isn't OpenAI's: its weights may differ."""
        host = urlsplit(self.base_url or OPENAI_URL)
        if self.is_openai:
            return f"openai:{model}"
        port = f":{host.port}" if host.port else ""
        return f"openai:{host.hostname}{port}/{model}"

    @property
    def is_openai(self) -> bool:
        """Whether the endpoint is OpenAI's own."""
        return urlsplit(self.base_url or OPENAI_URL).hostname == urlsplit(OPENAI_URL).hostname

    def open_client(self) -> AsyncOpenAI:
        """Open a client; importing it takes a second, so call this in a thread.

        Raises:
            SettingsRefused: the key or the address is unusable; the client would show them in its errors.
        """
        address = self.base_url or OPENAI_URL
        if not _is_web_address(address):
            raise SettingsRefused(f"{self.settings}_BASE_URL is no address of the form https://host/v1.")
        key = (self.api_key or "").strip() or _NO_KEY
        if not (key.isascii() and key.isprintable()):
            raise SettingsRefused(f"{self.settings}_API_KEY has characters that no key can have.")
        from openai import AsyncOpenAI  # noqa: PLC0415 - slow, and needed only where an endpoint is set

        address, headers = _take_password(address)
        client = AsyncOpenAI(api_key=key, base_url=address, max_retries=0, default_headers=headers)
        client.organization = client.project = None  # the client took them from the environment
        return client

    async def send(self, request: Callable[[], Awaitable[Any]], patience: Patience) -> bytes:
        """Send a request of the client's `with_raw_response`, with retries where useful; return the body.

        Raises:
            EndpointUnavailable: there was no response in time.
            SettingsRefused: the key, model or address is wrong.
            RequestRefused: the request is wrong.
        """
        from openai import APIError  # noqa: PLC0415 - loaded with the client

        retrying = AsyncRetrying(
            retry=retry_if_exception(_is_passing),
            # Fail at once rather than after a pause that leaves no time for a retry.
            stop=stop_after_attempt(patience.attempts) | stop_before_delay(patience.seconds),
            wait=lambda state: _choose_pause(state, patience),
            reraise=True,
        )

        async def attempt() -> bytes:
            content: bytes = (await request()).content
            return content

        try:
            async with asyncio.timeout(patience.seconds):
                return await retrying(attempt)
        except TimeoutError:
            raise EndpointUnavailable(
                f"The {self.noun} didn't respond within {patience.seconds:g} seconds."
            ) from None
        except APIError as error:
            raise self._translate(error) from None

    def _translate(self, error: Exception) -> EndpointError:
        """Return our error for one of the client's."""
        status = getattr(error, "status_code", None)
        if status is None:
            sentence = f"The {self.noun} can't be reached ({type(error).__name__})."
            return EndpointUnavailable(sentence, is_unspent=never_went_out(error))
        if status in _SETTINGS:
            return SettingsRefused(
                f"The {self.noun} refuses with status {status}: check {self.settings}_API_KEY, "
                f"{self.settings}_MODEL and {self.settings}_BASE_URL."
            )
        if status in _PASSING or not _FIRST_REFUSAL <= status < _SERVER_FAULT:
            sentence = f"The {self.noun} returned status {status}."
            return EndpointUnavailable(sentence, _asked_pause(error), is_unspent=True)
        return RequestRefused(f"The {self.noun} refused what it was sent, with status {status}.")


def never_went_out(error: BaseException) -> bool:
    """Whether there was no connection to send a request over; a broken connection may have carried it."""
    from httpx2 import ConnectError, ConnectTimeout, PoolTimeout  # noqa: PLC0415 - loaded with the client

    return isinstance(error.__cause__, ConnectError | ConnectTimeout | PoolTimeout)


def read_json(content: bytes | str) -> Any:
    """Parse JSON; every failure is a ValueError."""
    try:
        return json.loads(content)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def read_usage(response: dict[str, Any], name: str, *, least: int, most: int) -> int | None:
    """Return a token count reported by an endpoint; None unless it is from `least` to `most`."""
    usage = response.get("usage")
    count = usage.get(name) if isinstance(usage, dict) else None
    return count if type(count) is int and least <= count <= most else None


def _is_web_address(address: str) -> bool:
    """Whether requests can be sent to this address."""
    try:
        parts = urlsplit(address)
        is_one_word = address.split() == [address]
        return is_one_word and parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _take_password(address: str) -> tuple[str, dict[str, str]]:
    """Move user and password from an address, which libraries log, into a header, which they don't."""
    parts = urlsplit(address)
    user_info, separator, host = parts.netloc.rpartition("@")
    if not separator:
        return address, {}
    user, _, password = user_info.partition(":")
    credentials = b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode()
    return parts._replace(netloc=host).geturl(), {"Authorization": f"Basic {credentials}"}


def _is_passing(error: BaseException) -> bool:
    """Whether a retry of the same request may succeed soon."""
    from openai import APIConnectionError, APIStatusError  # noqa: PLC0415 - loaded with the client

    if isinstance(error, APIStatusError):
        return error.status_code in _PASSING or error.status_code >= _SERVER_FAULT
    return isinstance(error, APIConnectionError)


def _choose_pause(state: RetryCallState, patience: Patience) -> float:
    """Return the seconds to wait: as the endpoint asks, otherwise random."""
    asked = _asked_pause(state.outcome.exception() if state.outcome else None)
    random_pause = wait_random_exponential(multiplier=patience.first_pause_seconds)
    return random_pause(state) if asked is None else asked


def _asked_pause(error: BaseException | None) -> float | None:
    """Return the seconds of a `Retry-After`, which is a number or a date; None without a valid one."""
    text = getattr(getattr(error, "response", None), "headers", {}).get("retry-after", "")
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - time.time()
        except (ValueError, OverflowError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None
