"""Redacts stored data: memories, and texts that are kept as JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from pydantic import JsonValue

from mnemo_server.domain.memories.fields import MAY_HAVE_SECRETS, Content
from mnemo_server.domain.memories.memory import (
    MEMORY_FIELDS,
    StoredMemory,
    hash_content,
    hash_message,
    likeness_of,
)
from mnemo_server.services.redaction.requests import Scrubber

#: The member with JSON sent by a caller; member names in it may show that their texts are secrets.
_SENT_JSON = "metadata"


def scrub_memory(memory: StoredMemory, scrubber: Scrubber) -> StoredMemory:
    """Return the redacted memory; the same object if it has no secrets. The version isn't increased yet."""
    cleaned: dict[str, Any] = {
        name: _scrub_field(rule.content, value, scrubber)
        for name, rule in MEMORY_FIELDS.items()
        if rule.content in MAY_HAVE_SECRETS and (value := getattr(memory, name))
    }
    scrubbed = replace(memory, **cleaned)
    if scrubbed == memory:
        return memory
    return replace(scrubbed, content_hash=_rehash(memory, scrubbed), likeness=likeness_of(scrubbed))


def _scrub_field(content: Content, value: Any, scrubber: Scrubber) -> Any:
    """Return the redacted value of a field."""
    match content:
        case Content.TEXT:
            return scrubber.clean(value)
        case Content.NAME:
            return scrubber.clean_name(value)
        case Content.NAMES:
            return tuple(dict.fromkeys(map(scrubber.clean_name, value)))
        case Content.JSON:
            sent = json.loads(value)
            cleaned = scrubber.clean_json(sent)
            return value if cleaned == sent else json.dumps(cleaned, ensure_ascii=False)
        case _:
            return value


def scrub_text(text: str | None, scrubber: Scrubber) -> str | None:
    """Return the redacted text. JSON stays JSON, with the same member names."""
    if text is None:
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return scrubber.clean_name(text)
    cleaned = _scrub_record(value, scrubber)
    return text if cleaned == value else json.dumps(cleaned, ensure_ascii=False)


def _scrub_record(value: JsonValue, scrubber: Scrubber) -> JsonValue:
    """Redact JSON written by the server: its member names are fixed and say nothing about their texts."""
    if isinstance(value, str):
        return scrubber.clean(value)
    if isinstance(value, list):
        return [_scrub_record(item, scrubber) for item in value]
    if isinstance(value, dict):
        return {
            name: scrubber.clean_json(item) if name == _SENT_JSON else _scrub_record(item, scrubber)
            for name, item in value.items()
        }
    return value


def _rehash(memory: StoredMemory, scrubbed: StoredMemory) -> bytes:
    """Return the fingerprint of a redacted text, computed in the same form as the old one.

    So a message that is sent again, and redacted then, is recognised. Whether its sender gave the time of the
    message isn't stored; only the fingerprint shows it.
    """
    if not memory.is_message or memory.content_hash == hash_content(memory.content):
        return hash_content(scrubbed.content)
    role = memory.role or ""
    dated = hash_message(role, memory.name, memory.created_at, memory.content)
    said_at = memory.created_at if memory.content_hash == dated else None
    return hash_message(role, scrubbed.name, said_at, scrubbed.content)
