"""One request to an OpenAI-compatible endpoint: sent with patience, answer checked, errors translated.

Errors never quote the endpoint: what it answers to a wrong key repeats parts of the key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    wait_random_exponential,
)

from mnemo_server.domain.budget import Reservation, estimate_tokens
from mnemo_server.embedding.answers import Answer, read_answer
from mnemo_server.embedding.ports import EmbedderUnavailable, EmbeddingError, EmbeddingRefused, Meter
from mnemo_server.index.vectors import Floats32

if TYPE_CHECKING:
    from openai import AsyncOpenAI

OPENAI_URL: Final = "https://api.openai.com/v1"

#: What a server without keys is sent, since the client insists on one.
_NO_KEY: Final = "none"
#: Timeout, conflict, too early, too many requests; and everything that is the server's fault.
_PASSING: Final = frozenset({408, 409, 425, 429})
_SERVER_FAULT: Final = 500
#: The key, the account or the address is wrong; the text isn't.
_SETTINGS: Final = frozenset({401, 403, 404, 405})
_FIRST_REFUSAL: Final = 400


class SettingsRefused(EmbeddingRefused):
    """The endpoint refuses the key, or knows no such model or path."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to go on when an endpoint fails."""

    seconds: float
    """For everything, pauses included."""
    attempts: int = 5
    first_pause_seconds: float = 0.25
    """At most, chosen at random; twice that after each attempt, or what the endpoint asks for."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where embeddings are made."""

    model: str
    base_url: str | None = field(default=None, repr=False)
    api_key: str | None = field(default=None, repr=False)
    dimensions: int | None = None
    """Asked for when it is given."""

    @property
    def name(self) -> str:
        """Identify the model; other hosts than OpenAI's are named, since theirs may have other weights."""
        host = urlsplit(self.base_url or OPENAI_URL)
        if host.hostname == urlsplit(OPENAI_URL).hostname:
            return f"openai:{self.model}"
        port = f":{host.port}" if host.port else ""
        return f"openai:{host.hostname}{port}/{self.model}"

    def open_client(self) -> AsyncOpenAI:
        """Make a client; importing it takes a second, so call this in a thread.

        Raises:
            EmbeddingRefused: key or address can't be used; the client would show them in its errors.
        """
        if not _is_web_address(self.base_url or OPENAI_URL):
            raise EmbeddingRefused("MNEMO_EMBED_BASE_URL is no address of the form https://host/v1.")
        key = (self.api_key or "").strip() or _NO_KEY
        if not (key.isascii() and key.isprintable()):
            raise EmbeddingRefused("MNEMO_EMBED_API_KEY has characters that no key can have.")
        from openai import AsyncOpenAI  # noqa: PLC0415 - slow, and needed by this embedder alone

        client = AsyncOpenAI(api_key=key, base_url=self.base_url or OPENAI_URL, max_retries=0)
        client.organization = client.project = None  # it took them from the environment
        return client

    async def embed(
        self,
        client: AsyncOpenAI,
        texts: Sequence[str],
        dimensions: int | None,
        patience: Patience,
        meter: Meter,
    ) -> list[Floats32]:
        """Send texts, none of them empty, as one request; return a vector of length 1 for each.

        The meter is asked before each attempt.

        Raises:
            EmbedderUnavailable: no answer in time, or a senseless one.
            SettingsRefused: the key, model or address is wrong.
            EmbeddingRefused: the request is.
            OverBudget: the meter didn't allow it.
        """
        from openai import APIError  # noqa: PLC0415 - loaded with the client

        retrying = AsyncRetrying(
            retry=retry_if_exception(_is_passing),
            stop=stop_after_attempt(patience.attempts),
            wait=lambda state: _pause(state, patience),
            reraise=True,
        )
        try:
            async with asyncio.timeout(patience.seconds):
                sent: tuple[bytes, Reservation] = await retrying(self._send, client, texts, patience, meter)
        except TimeoutError:
            raise EmbedderUnavailable(
                f"The embedding endpoint gave no answer within {patience.seconds:g} seconds."
            ) from None
        except APIError as error:
            raise _translate(error) from None
        content, reservation = sent
        answer: Answer | None = None
        try:
            # The numbers of a large answer take milliseconds to read.
            answer = await asyncio.to_thread(read_answer, content, len(texts), dimensions)
        finally:
            await meter.settle(reservation, answer.tokens if answer else None)
        return answer.vectors

    async def _send(
        self, client: AsyncOpenAI, texts: Sequence[str], patience: Patience, meter: Meter
    ) -> tuple[bytes, Reservation]:
        """Send one request; return the answer, and what is to be settled."""
        from openai import APIConnectionError, APIStatusError, omit  # noqa: PLC0415 - loaded with the client

        reservation = await meter.reserve(sum(map(estimate_tokens, texts)))
        try:
            answer = await client.embeddings.with_raw_response.create(
                input=list(texts),
                model=self.model,
                dimensions=self.dimensions or omit,
                encoding_format="float",
                timeout=patience.seconds,
            )
        except APIStatusError:  # it was turned down
            await meter.release(reservation)
            raise
        except APIConnectionError as error:
            if _never_went_out(error):
                await meter.release(reservation)
            raise
        return answer.content, reservation


def _never_went_out(error: BaseException) -> bool:
    """Whether there was no connection to send a request over; a broken one may have carried it."""
    from httpx2 import ConnectError, ConnectTimeout, PoolTimeout  # noqa: PLC0415 - loaded with the client

    return isinstance(error.__cause__, ConnectError | ConnectTimeout | PoolTimeout)


def _is_web_address(address: str) -> bool:
    """Whether requests can be sent there."""
    try:
        parts = urlsplit(address)
        is_one_word = address.split() == [address]
        return is_one_word and parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _is_passing(error: BaseException) -> bool:
    """Whether the same request may succeed in a moment."""
    from openai import APIConnectionError, APIStatusError  # noqa: PLC0415 - loaded with the client

    if isinstance(error, APIStatusError):
        return error.status_code in _PASSING or error.status_code >= _SERVER_FAULT
    return isinstance(error, APIConnectionError)


def _pause(state: RetryCallState, patience: Patience) -> float:
    """Return the seconds to wait: those that the endpoint asks for, or a few at random."""
    error = state.outcome.exception() if state.outcome else None
    headers = getattr(getattr(error, "response", None), "headers", {})
    try:
        return min(max(0.0, float(headers.get("retry-after", ""))), patience.seconds)
    except ValueError:  # none, or a date
        return wait_random_exponential(multiplier=patience.first_pause_seconds)(state)


def _translate(error: Exception) -> EmbeddingError:
    """Return our error for one of the client's."""
    status = getattr(error, "status_code", None)
    if status is None:
        return EmbedderUnavailable(f"The embedding endpoint can't be reached ({type(error).__name__}).")
    if status in _SETTINGS:
        return SettingsRefused(
            f"The embedding endpoint refuses with status {status}: check MNEMO_EMBED_API_KEY, "
            "MNEMO_EMBED_MODEL and MNEMO_EMBED_BASE_URL."
        )
    if status in _PASSING or not _FIRST_REFUSAL <= status < _SERVER_FAULT:
        return EmbedderUnavailable(f"The embedding endpoint answered with status {status}.")
    return EmbeddingRefused(f"The embedding endpoint refused what it was sent, with status {status}.")
