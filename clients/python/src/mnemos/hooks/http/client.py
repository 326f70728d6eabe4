"""The two requests that hooks send to the server: list or search memories, and store messages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from mnemos._generated import paths
from mnemos.hooks.http.connection import Connection, ConnectionFailed, Deadline, Response
from mnemos.hooks.http.urls import write_query
from mnemos.hooks.redact import Redactor

if TYPE_CHECKING:
    from mnemos.hooks.settings import HookSettings


class Hit(NamedTuple):
    """The fields of a memory that recall needs. A text that the server left out is empty."""

    memory_id: str
    content: str
    #: Day of the last change, such as 2026-11-23.
    day: str
    project: str
    session_id: str
    #: 0-100; None in lists.
    confidence: int | None


class HookClient:
    """A client with the requests of hooks; every request ends by the deadline."""

    def __init__(self, settings: HookSettings, deadline: Deadline) -> None:
        self._connection = Connection(settings.url, deadline, settings.network)
        self._redactor = Redactor(settings)
        self._headers = {
            paths.API_KEY_HEADER: settings.api_key,
            paths.AGENT_HEADER: settings.agent_id,
            "User-Agent": f"mnemos-hook/{paths.VERSION}",
            "Accept": "application/json",
        }

    def list_memories(self, **query: str | int) -> list[Hit]:
        """List memories, or search them with `q`. Raises ConnectionFailed for any response but a page.

        Secrets are removed from the query: they would appear in logs on the way and on the server.
        """
        query = {name: self._clean(value) for name, value in query.items()}
        target = f"{paths.LIST_MEMORIES}?{write_query(query)}"
        response = self._connection.request("GET", target, self._headers)
        page = _read_json(response)
        memories = page.get("memories")
        if response.status != 200 or not isinstance(memories, list):  # noqa: PLR2004 - OK
            raise ConnectionFailed(f"status {response.status}: {str(page.get('error', 'no page'))[:200]}")
        return [_read_hit(memory) for memory in memories if isinstance(memory, dict)]

    def store_messages(self, body: bytes, idempotency_key: str) -> Response:
        """Send a window of messages, as JSON; the response may be an error."""
        headers = {
            **self._headers,
            "Content-Type": "application/json",
            paths.IDEMPOTENCY_HEADER: idempotency_key,
        }
        return self._connection.request("POST", paths.STORE_MEMORY, headers, body)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _clean(self, value: str | int) -> str | int:
        return self._redactor.clean(value) if isinstance(value, str) else value


def _read_hit(memory: dict[str, object]) -> Hit:
    fields = {key: value for key, value in memory.items() if isinstance(value, str)}
    confidence = memory.get("confidence")
    return Hit(
        memory_id=fields.get("id", ""),
        content=fields.get("content", ""),
        day=fields.get("updated_at", "")[:10],
        project=fields.get("project", ""),
        session_id=fields.get("session_id", ""),
        confidence=int(confidence) if isinstance(confidence, (int, float)) else None,
    )


def _read_json(response: Response) -> dict[str, object]:
    """Return the JSON object in a response; an empty object for anything else."""
    try:
        data = json.loads(response.body)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}
