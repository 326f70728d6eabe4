"""The two requests that hooks send to the server: recall, and store messages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mnemos._generated import paths
from mnemos.hooks.http.connection import Connection, ConnectionFailed, Deadline, Response

if TYPE_CHECKING:
    from mnemos.hooks.settings import HookSettings


class HookClient:
    """A client with the requests of hooks; every request ends by the deadline."""

    def __init__(self, settings: HookSettings, deadline: Deadline) -> None:
        self._connection = Connection(settings.url, deadline, settings.network)
        self._headers = {
            paths.API_KEY_HEADER: settings.api_key,
            paths.AGENT_HEADER: settings.agent_id,
            "User-Agent": f"mnemos-hook/{paths.VERSION}",
            "Accept": "application/json",
        }

    def recall(self, wanted: dict[str, object]) -> tuple[list[str], list[str]]:
        """Return the lines for the session and for the prompt.

        `wanted` is a RecallRequest of the contract, without secrets. Raises ConnectionFailed for any response
        but a recall.
        """
        headers = {**self._headers, "Content-Type": "application/json"}
        # A lone surrogate, which no server accepts, becomes a question mark.
        body = json.dumps(wanted, ensure_ascii=False).encode("utf-8", "replace")
        response = self._connection.request("POST", paths.RECALL, headers, body)
        data = _read_json(response)
        if response.status != 200:  # noqa: PLR2004 - OK
            raise ConnectionFailed(f"status {response.status}: {str(data.get('error', 'no recall'))[:200]}")
        return _read_lines(data.get("session")), _read_lines(data.get("prompt"))

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


def _read_lines(block: object) -> list[str]:
    """Return the lines of a block; anything that isn't one line of text is left out."""
    lines = block.get("lines") if isinstance(block, dict) else None
    texts = [
        line.get("text") for line in (lines if isinstance(lines, list) else ()) if isinstance(line, dict)
    ]
    return [text for text in texts if isinstance(text, str) and text.startswith("- [") and "\n" not in text]


def _read_json(response: Response) -> dict[str, object]:
    """Return the JSON object in a response; an empty object for anything else."""
    try:
        data = json.loads(response.body)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}
