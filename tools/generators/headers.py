"""The headers of the API, with their meaning, and which routes they belong to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mnemos_contract.errors import MalformedApiKey
from mnemos_contract.limits import MAX_IDEMPOTENCY_KEY_CHARACTERS, MAX_NAME_CHARACTERS
from mnemos_contract.routes import (
    AGENT_HEADER,
    CONFLICT_HEADER,
    IDEMPOTENCY_HEADER,
    PROJECT_HEADER,
    REQUEST_ID_HEADER,
    SESSION_HEADER,
    Access,
    Route,
)


@dataclass(frozen=True, slots=True)
class Header:
    """One header: its meaning, and the routes that it belongs to."""

    name: str
    doc: str
    belongs_to: Callable[[Route], bool]
    max_length: int | None = None


def needs_key(route: Route) -> bool:
    """Return whether a route reads X-API-Key (the status route does, although anyone may call it)."""
    return route.access is Access.TENANT or MalformedApiKey in route.errors


#: Headers of requests; X-API-Key is described as the security scheme.
REQUEST_HEADERS: Final = (
    Header(
        AGENT_HEADER,
        "The calling agent: becomes `agent_id` of what it stores, and the author of its changes.",
        lambda route: route.access is Access.TENANT,
        MAX_NAME_CHARACTERS,
    ),
    Header(
        PROJECT_HEADER,
        "Default for the field `project`.",
        lambda route: route.name == "store_memory",
        MAX_NAME_CHARACTERS,
    ),
    Header(
        SESSION_HEADER,
        "Default for the field `session_id`.",
        lambda route: route.name == "store_memory",
        MAX_NAME_CHARACTERS,
    ),
    Header(
        IDEMPOTENCY_HEADER,
        "A key of your choice. For 24 h, a request repeated with it has no effect and the same response.",
        lambda route: route.method == "POST" and route.access is Access.TENANT and not route.idempotent,
        MAX_IDEMPOTENCY_KEY_CHARACTERS,
    ),
    Header(
        "If-Match",
        'The version you read. If it is quoted (`"7"`) and no longer current, the response is 412. '
        f"If it is bare (`7`), the last write wins, and {CONFLICT_HEADER} reports the conflict.",
        lambda route: route.method == "PUT",
    ),
    Header(
        "If-None-Match",
        'The version you have, quoted (`"7"`). If it is still current, the response is an empty 304.',
        lambda route: route.name == "get_memory",
    ),
)

#: Headers of successful responses.
ANSWER_HEADERS: Final = (
    Header(REQUEST_ID_HEADER, "Id of this request in the server's log.", lambda _route: True),
    Header(
        "ETag",
        'The current version, quoted (`"7"`).',
        lambda route: route.name in ("get_memory", "update_memory"),
    ),
    Header(
        CONFLICT_HEADER,
        "The version that was current before, if a bare If-Match named another one.",
        lambda route: route.method == "PUT",
    ),
)


def request_headers(route: Route) -> list[Header]:
    """Return the headers that a request of this route may have."""
    return [header for header in REQUEST_HEADERS if header.belongs_to(route)]


def response_headers(route: Route) -> list[Header]:
    """Return the headers of a successful response of this route."""
    return [header for header in ANSWER_HEADERS if header.belongs_to(route)]
