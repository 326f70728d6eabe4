"""Models and errors as HTTP responses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web
from mnemos_contract.base import WireModel
from mnemos_contract.errors import ApiError, MethodNotAllowed, RateLimited

from mnemo_server.domain.idempotency import Response

_JSON = "application/json"


def json_response(
    model: WireModel, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Return a model of the contract as a response."""
    return web.Response(body=model.to_json(), status=status, headers=headers, content_type=_JSON)


def idempotent_response(response: Response[Any], status: int = 200) -> web.Response:
    """Return a response in the JSON that is kept for its Idempotency-Key."""
    return web.Response(body=response.json, status=status, content_type=_JSON)


def error_response(error: ApiError, request_id: str) -> web.Response:
    """Return an error of the contract as a response."""
    body = error.to_body(request_id).model_dump_json(exclude_none=True)
    response = web.Response(text=body, status=error.status, content_type=_JSON)
    if error.retry_after_seconds is not None:
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    if isinstance(error, MethodNotAllowed):
        response.headers["Allow"] = str(error.fields["allowed"])
    if isinstance(error, RateLimited):
        response.headers["RateLimit-Limit"] = str(error.fields["limit"])
        response.headers["RateLimit-Remaining"] = "0"
        response.headers["RateLimit-Reset"] = str(error.retry_after_seconds)
    return response
