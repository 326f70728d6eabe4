"""Connections to a server, asynchronous and blocking: `_Dispatcher` contains all that both share."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2
from mnemos_contract.errors import MnemosError, ServerUnreachable, UnexpectedResponse
from mnemos_contract.routes import Access, Route
from tenacity import AsyncRetrying, Retrying

from mnemos._retry import RetryPolicy
from mnemos._wire import (
    Arguments,
    ResponseT,
    WireRequest,
    WireResponse,
    build_request,
    read_response,
)
from mnemos.config import read_address, read_agent_id

#: Names of this machine, for which no proxy is used.
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
#: Seconds that every attempt gets, however little of the call's time is left.
_SHORTEST_ATTEMPT_SECONDS: Final = 0.1

__all__ = ["AsyncTransport", "RetryPolicy", "Timeouts", "Transport"]


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds after which an attempt is abandoned, as in mem9's clients."""

    usual_seconds: float = 8.0
    search_seconds: float = 15.0


class _Dispatcher:
    """What both transports share. Its repr doesn't show the key."""

    def __init__(
        self,
        url: str | None,
        api_key: str | None,
        agent_id: str | None,
        timeouts: Timeouts,
        retry: RetryPolicy,
    ) -> None:
        self.address = read_address(url=url, api_key=api_key)
        self.agent_id = read_agent_id() if agent_id is None else agent_id
        self.timeouts = timeouts
        self.retry = retry

    def __repr__(self) -> str:
        return f"url={self.address.url!r}, agent_id={self.agent_id!r}"

    def settings(self) -> dict[str, Any]:
        """Return the arguments with which both HTTP clients are created."""
        is_local = urlsplit(self.address.url).hostname in _LOOPBACK
        is_plain = self.address.url.lower().startswith("http:")
        # Certificates are only loaded when needed: that takes as long as ten requests.
        return {"trust_env": not is_local, "verify": not is_plain}

    def prepare(
        self,
        route: Route,
        path: Mapping[str, str] | None,
        fields: Mapping[str, object] | None,
        idempotency_key: str | None,
    ) -> WireRequest:
        """Build the request; a store gets an Idempotency-Key, so that it can be retried safely."""
        if idempotency_key is None and _wants_key(route):
            idempotency_key = uuid4().hex
        arguments = Arguments(path or {}, fields or {}, idempotency_key)
        return build_request(self.address, route, arguments, agent_id=self.agent_id)

    def deadline(self) -> float:
        """Return the time of the monotonic clock at which a call that starts now ends."""
        return time.monotonic() + self.retry.total_seconds

    def start_attempt(self, request: WireRequest, deadline: float) -> _Attempt:
        """Begin an attempt that ends with its timeout or with the call."""
        left = min(self._seconds(request), deadline - time.monotonic())
        return _Attempt(request, max(_SHORTEST_ATTEMPT_SECONDS, left))

    def translate(self, request: WireRequest, error: httpx2.RequestError) -> MnemosError:
        """Return an error that explains why there is no response and what to try, without the key."""
        if isinstance(error, httpx2.DecodingError):
            return UnexpectedResponse(
                f"{self.address.url} returned a response that can't be decoded: {error}"
            )
        if isinstance(error, httpx2.TimeoutException):
            reason = f"didn't respond within {self._seconds(request):g} s"
        elif isinstance(error, httpx2.ConnectError):
            reason = f"can't be reached ({_plain_reason(error)})"
        else:
            reason = f"closed the connection ({_plain_reason(error)})"
        return ServerUnreachable(
            f"{self.address.url} {reason}. Is mnemo-server running? "
            "Start it with `mnemo-server`, or set MEM9_API_URL to its address"
        )

    def _seconds(self, request: WireRequest) -> float:
        """Return how many seconds an attempt may take."""
        usual = self.timeouts.search_seconds if request.is_search else self.timeouts.usual_seconds
        return min(usual, self.retry.total_seconds)


class _Attempt:
    """One attempt to send a request: the arguments for httpx2, and the response as it arrives in time."""

    def __init__(self, request: WireRequest, seconds: float) -> None:
        self._ends_at = time.monotonic() + seconds
        self._body = bytearray()
        # Bytes, since an agent's name may be in any script.
        headers = [(name.encode(), value.encode()) for name, value in request.headers.items()]
        self.arguments: dict[str, Any] = {
            "method": request.route.method,
            "url": request.url,
            "headers": headers,
            "content": request.body,
            "timeout": seconds,
        }

    def add(self, chunk: bytes) -> None:
        """Add a chunk of the response; a response that takes longer than the timeout is abandoned."""
        self._body += chunk
        if time.monotonic() > self._ends_at:
            raise httpx2.ReadTimeout("the response took too long")

    def finish(self, response: httpx2.Response) -> WireResponse:
        """Return the whole response."""
        headers = {name.lower(): value for name, value in response.headers.items()}
        return WireResponse(response.status_code, headers, bytes(self._body))


class Transport:
    """A blocking connection to a server. Use it as a context manager, or `close` it."""

    def __init__(
        self,
        url: str | None = None,
        api_key: str | None = None,
        *,
        agent_id: str | None = None,
        timeouts: Timeouts = Timeouts(),
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008  (a frozen value)
    ) -> None:
        """Read what isn't passed from MEM9_API_URL, MEM9_API_KEY and MNEMOS_AGENT_ID.

        Raises:
            BadAddress: the URL or the key is invalid.
        """
        self._dispatcher = _Dispatcher(url, api_key, agent_id, timeouts, retry)
        self._http = httpx2.Client(**self._dispatcher.settings())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._dispatcher!r})"

    @property
    def url(self) -> str:
        """Address of the server."""
        return self._dispatcher.address.url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _call(
        self,
        route: Route,
        model: type[ResponseT],
        *,
        path: Mapping[str, str] | None = None,
        fields: Mapping[str, object] | None = None,
        idempotency_key: str | None = None,
    ) -> ResponseT:
        """Call a route and return its response as `model`."""
        request = self._dispatcher.prepare(route, path, fields, idempotency_key)
        retrying = Retrying(**self._dispatcher.retry.for_tenacity(request))
        try:
            response = retrying(self._send, request, self._dispatcher.deadline())
        except httpx2.RequestError as error:
            raise self._dispatcher.translate(request, error) from error
        return read_response(request, response, model)

    def _send(self, request: WireRequest, deadline: float) -> WireResponse:
        attempt = self._dispatcher.start_attempt(request, deadline)
        with self._http.stream(**attempt.arguments) as response:
            for chunk in response.iter_bytes():
                attempt.add(chunk)
        return attempt.finish(response)


class AsyncTransport:
    """An asynchronous connection to a server. Use it as a context manager, or `close` it."""

    def __init__(
        self,
        url: str | None = None,
        api_key: str | None = None,
        *,
        agent_id: str | None = None,
        timeouts: Timeouts = Timeouts(),
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008  (a frozen value)
    ) -> None:
        """Read what isn't passed from MEM9_API_URL, MEM9_API_KEY and MNEMOS_AGENT_ID.

        Raises:
            BadAddress: the URL or the key is invalid.
        """
        self._dispatcher = _Dispatcher(url, api_key, agent_id, timeouts, retry)
        self._http = httpx2.AsyncClient(**self._dispatcher.settings())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._dispatcher!r})"

    @property
    def url(self) -> str:
        """Address of the server."""
        return self._dispatcher.address.url

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _call(
        self,
        route: Route,
        model: type[ResponseT],
        *,
        path: Mapping[str, str] | None = None,
        fields: Mapping[str, object] | None = None,
        idempotency_key: str | None = None,
    ) -> ResponseT:
        """Call a route and return its response as `model`."""
        request = self._dispatcher.prepare(route, path, fields, idempotency_key)
        retrying = AsyncRetrying(**self._dispatcher.retry.for_tenacity(request))
        try:
            response: WireResponse = await retrying(self._send, request, self._dispatcher.deadline())
        except httpx2.RequestError as error:
            raise self._dispatcher.translate(request, error) from error
        return read_response(request, response, model)

    async def _send(self, request: WireRequest, deadline: float) -> WireResponse:
        attempt = self._dispatcher.start_attempt(request, deadline)
        async with self._http.stream(**attempt.arguments) as response:
            async for chunk in response.aiter_bytes():
                attempt.add(chunk)
        return attempt.finish(response)


def _wants_key(route: Route) -> bool:
    return route.method == "POST" and route.access is Access.TENANT and not route.idempotent


def _plain_reason(error: Exception) -> str:
    """Return the operating system's reason, without its error number."""
    text = re.sub(r"\[Errno -?\d+\] *", "", str(error)).strip()
    return text.lower() if text else type(error).__name__
