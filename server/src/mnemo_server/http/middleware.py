"""The middleware around every request: its id, log line, metrics, errors and rate limit."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import structlog
from aiohttp import web
from mnemos_contract import errors
from mnemos_contract.errors import ApiError
from mnemos_contract.limits import MAX_BODY_BYTES
from mnemos_contract.routes import REQUEST_ID_HEADER

from mnemo_server.db.errors import DatabaseError, DatabaseUnavailable, WriteConflict
from mnemo_server.domain.ids import IdSource, encode_id
from mnemo_server.domain.rate_limit import TokenBuckets
from mnemo_server.http.context import CLIENT_ADDRESS, REQUEST_ID, hold_to_rate
from mnemo_server.http.mcp.responses import rpc_error_response, speaks_mcp
from mnemo_server.http.requests.client_address import client_address
from mnemo_server.http.responses import error_response
from mnemo_server.observability.metrics import Metrics
from mnemo_server.services.tenants import KEY_PREFIX
from mnemo_server.settings import Network

#: Probes must get a response however busy an address is.
_UNLIMITED_PATHS: Final = frozenset({"/healthz", "/readyz"})
_GOOD_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
#: The key in a v1alpha1 path, which no log may show; also a key of ours in the wrong place of a path.
_KEY_IN_PATH: Final = re.compile(rf"(/v1alpha1/+mem9s/+)[^/]+|{KEY_PREFIX}[\w-]+", re.IGNORECASE)
_SERVER_FAULT: Final = 500

_log = structlog.get_logger("mnemo")
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def frame(*, metrics: Metrics, ids: IdSource, addresses: TokenBuckets, trusted: Sequence[Network]) -> Any:
    """Return the middleware that every request passes through."""

    @web.middleware
    async def middleware(request: web.Request, handler: _Handler) -> web.StreamResponse:
        started = time.perf_counter()
        sent_id = request.headers.get(REQUEST_ID_HEADER, "")
        request_id = sent_id if _GOOD_REQUEST_ID.match(sent_id) else encode_id(ids.new_id())
        request[REQUEST_ID] = request_id
        request[CLIENT_ADDRESS] = client_address(request, trusted)
        try:
            if request.path not in _UNLIMITED_PATHS:
                hold_to_rate(addresses, request[CLIENT_ADDRESS])
            _check_headers(request)
            response = await handler(request)
        except Exception as error:  # noqa: BLE001 - the boundary: every exception becomes a response
            write = rpc_error_response if speaks_mcp(request) else error_response
            response = write(await to_api_error(error, request), request_id)
        response.headers[REQUEST_ID_HEADER] = request_id
        response.headers["Server"] = "mnemos"  # no version for strangers
        _report(request, response.status, time.perf_counter() - started, metrics)
        return response

    return middleware


def _check_headers(request: web.Request) -> None:
    """Refuse headers that aren't text: no column can store them.

    Raises:
        InvalidRequest: one isn't UTF-8.
    """
    for name, value in request.raw_headers:
        try:
            value.decode()
        except UnicodeDecodeError:
            raise errors.InvalidRequest(field=name.decode("ascii"), reason="isn't UTF-8") from None


async def to_api_error(error: Exception, request: web.Request) -> ApiError:
    """Return the error of the contract for an exception; log unexpected ones with their traceback."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, DatabaseError):
        return _database_error(error, request)
    if isinstance(error, web.HTTPException) and error.status < _SERVER_FAULT:
        return _http_error(error, request)
    # In a thread, since formatting a traceback reads source files.
    await asyncio.to_thread(_log.error, "unexpected error", request_id=request[REQUEST_ID], exc_info=error)
    return errors.InternalError()


def _http_error(error: web.HTTPException, request: web.Request) -> ApiError:
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        return errors.MethodNotAllowed(method=error.method, allowed=allowed)
    if isinstance(error, web.HTTPNotFound):
        return errors.RouteNotFound(path=redact_path(request.path))
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return errors.PayloadTooLarge(limit_bytes=MAX_BODY_BYTES)
    return errors.InvalidRequest(field="request", reason=error.reason)


def _database_error(error: DatabaseError, request: web.Request) -> ApiError:
    _log.warning("database error", request_id=request[REQUEST_ID], reason=str(error))
    if isinstance(error, DatabaseUnavailable):
        return errors.DatabaseUnavailable()
    return errors.WriteConflict() if isinstance(error, WriteConflict) else errors.InternalError()


def redact_path(path: str) -> str:
    """Return a path without its key."""
    return _KEY_IN_PATH.sub(lambda found: f"{found[1] or ''}***", path)


def _report(request: web.Request, status: int, seconds: float, metrics: Metrics) -> None:
    resource = request.match_info.route.resource
    template = resource.canonical if resource is not None else ""
    metrics.observe_request(f"{request.method} {template or '(unknown)'}", status, seconds)
    log = _log.error if status >= _SERVER_FAULT else _log.info
    log(
        "request",
        request_id=request[REQUEST_ID],
        method=request.method,
        path=template or redact_path(request.path)[:200],
        status=status,
        ms=round(seconds * 1_000, 2),
        address=request[CLIENT_ADDRESS],
    )
