"""What was said in OpenClaw, out of the messages that it hands to its hooks (version 2026.9.6)."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

from mnemos._generated.recalled import strip_recalled
from mnemos.hooks.messages import SaidMessage, cut_content, format_moment, read_texts

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What the host says to the model in the user's place.
_INTERNAL = re.compile(
    "<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>.*?(<<<END_OPENCLAW_INTERNAL_CONTEXT>>>|$)", re.DOTALL
)
#: When a message was sent, in front of it: `[Sun 2026-11-22 15:07 UTC] `.
_TIME_STAMP = re.compile(r"\[[A-Z][a-z]{2} \d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?( [^\]\n]{1,12})?\] ?")


def read_prompt(text: str) -> str:
    """Return what the user wrote of a prompt as the model gets it."""
    said = strip_recalled(_INTERNAL.sub("", text)).strip()
    return _TIME_STAMP.sub("", said, count=1).strip() if _TIME_STAMP.match(said) else said


def read_messages(messages: object) -> tuple[SaidMessage, ...]:
    """Return what user and model said; results of tools, and what the host put in, are left out."""
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
    """Make an id of what stays: a user's message has another time in its own turn than ever after."""
    digest = zlib.crc32(content.encode("utf-8", "replace"))
    return f"{role} {moment if role == 'assistant' else ''} {digest:08x}"
