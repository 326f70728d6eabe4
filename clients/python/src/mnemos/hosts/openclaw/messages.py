"""Reads what was said in OpenClaw from the messages that it passes to its hooks (version 2026.9.6)."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

from mnemos._generated.recalled import strip_recalled
from mnemos.hooks.messages import SaidMessage, cut_content, format_moment, read_texts

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What the host writes to the model in messages of the user.
_INTERNAL = re.compile(
    "<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>.*?(<<<END_OPENCLAW_INTERNAL_CONTEXT>>>|$)", re.DOTALL
)
#: The time at which a message was sent, before its text: `[Sun 2026-11-22 15:07 UTC] `.
_TIME_STAMP = re.compile(r"\[[A-Z][a-z]{2} \d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?( [^\]\n]{1,12})?\] ?")


def read_prompt(text: str) -> str:
    """Return the part of the model's prompt that the user wrote."""
    said = strip_recalled(_INTERNAL.sub("", text)).strip()
    return _TIME_STAMP.sub("", said, count=1).strip() if _TIME_STAMP.match(said) else said


def read_messages(messages: object) -> tuple[SaidMessage, ...]:
    """Return the messages of user and model, without tool results and without what the host added."""
    return tuple(_read_messages(messages if isinstance(messages, list) else []))


def _read_messages(messages: list[object]) -> Iterator[SaidMessage]:
    for message in messages:
        if not isinstance(message, dict) or message.get("role") not in ("user", "assistant"):
            continue
        content = read_prompt("\n\n".join(read_texts(message.get("content"))))
        if content:
            role, moment = str(message["role"]), format_moment(message.get("timestamp"))
            yield SaidMessage(_make_id(role, moment, content), role, cut_content(content), moment)


def _make_id(role: str, moment: str, content: str) -> str:
    """Return an id made from what doesn't change: the time of a user's message changes after its own turn."""
    digest = zlib.crc32(content.encode("utf-8", "replace"))
    return f"{role} {moment if role == 'assistant' else ''} {digest:08x}"
