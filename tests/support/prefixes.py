"""The common beginning of two requests to a model, which a provider can keep in its cache."""

from __future__ import annotations

import json
from typing import Any

from tests.support.models.scripted_model import ModelRequest


def list_parts(request: ModelRequest) -> list[str]:
    """Return a request as the model reads it: tools, system text, then one part for each message.

    The host's own cache marks are left out: they move to the newest message with each request, and a text
    that carries one is written as a block instead of a plain string.
    """
    body = request.body
    return [
        _write(part) for part in (body.get("tools"), body.get("system"), *map(_normalise, body["messages"]))
    ]


def find_difference(earlier: ModelRequest, later: ModelRequest) -> str | None:
    """Return where a later request differs from an earlier one; None when it begins with all of it."""
    parts, others = list_parts(earlier), list_parts(later)
    for place, part in enumerate(parts):
        other = others[place] if place < len(others) else "(nothing)"
        if part != other:
            return f"part {place}:\n{part}\nbecame\n{other}"
    return None


def _normalise(message: dict[str, Any]) -> dict[str, Any]:
    content = message["content"]
    return {
        **message,
        "content": [{"type": "text", "text": content}] if isinstance(content, str) else content,
    }


def _write(value: object) -> str:
    return json.dumps(_without_marks(value), ensure_ascii=False)


def _without_marks(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_marks(item) for key, item in value.items() if key != "cache_control"}
    return [_without_marks(item) for item in value] if isinstance(value, list) else value
