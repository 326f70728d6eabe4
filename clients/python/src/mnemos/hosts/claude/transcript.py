"""Reads the conversation from Claude Code's transcript (JSON lines, version 2.1.330).

Lines are selected by their `type`, never by `message.role`: lines of type `api-request-blob` contain messages
too, and those contain system reminders.
"""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING

from mnemos._generated.recalled import OPENING, strip_recalled
from mnemos.hooks.messages import KNOWN_IDS, Cursor, SaidMessage, Window, cut_content, read_texts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

#: Lines longer than this contain tool results or pictures, and no message.
_MAX_LINE_BYTES = 8 * 1024 * 1024
#: Bytes of a transcript that one window reads, in about a tenth of a second.
MAX_WINDOW_BYTES = 8 * 1024 * 1024
_FINGERPRINT_BYTES = 4096
#: Type of the attachments that contain what hooks added.
_CONTEXT_TYPE = b'"hook_additional_context"'
#: Fields that mark lines as no message of the user or the model.
_NOT_SAID = (
    "isMeta",
    "isSidechain",
    "isCompactSummary",
    "repeatsCompactSummary",
    "isVisibleInTranscriptOnly",
    "isApiErrorMessage",
)
#: Beginnings of texts that the host puts into user messages.
_HOST_TEXT = (
    "<command-name>",
    "<command-message>",
    "<command-args>",
    "<local-command-stdout>",
    "<local-command-stderr>",
    "<local-command-caveat>",
    "<bash-input>",
    "<bash-stdout>",
    "<bash-stderr>",
    "<system-reminder>",
    "<task-notification>",
    "[Request interrupted by user",
)


def read_window(path: Path, cursor: Cursor) -> Window:
    """Return what was said since the cursor. Raises OSError if the file can't be read.

    A long transcript takes several windows: read on until one is empty and doesn't move the cursor.
    A transcript that was cut or rewritten is read again from its start, and known messages are skipped.
    """
    with path.open("rb") as file:
        is_same_file = _fingerprint(file, cursor.offset) == cursor.fingerprint
        start = cursor.offset if is_same_file else 0
        file.seek(start)
        said, recalled, offset = _read_said(file, start, MAX_WINDOW_BYTES if is_same_file else None)
        fingerprint = _fingerprint(file, offset)
    if not is_same_file:
        said = _skip_known(said, cursor.known_ids)
    messages = [message._replace(seq=cursor.seq + index) for index, message in enumerate(said)]
    known_ids = (*cursor.known_ids, *(message.message_id for message in messages if message.message_id))[
        -KNOWN_IDS:
    ]
    return Window(
        messages, Cursor(offset, fingerprint, cursor.seq + len(messages), known_ids), tuple(recalled)
    )


def _fingerprint(file: BinaryIO, offset: int) -> int:
    start = max(0, offset - _FINGERPRINT_BYTES)
    file.seek(start)
    return zlib.crc32(file.read(offset - start)) if offset else 0


def _read_said(file: BinaryIO, start: int, limit: int | None) -> tuple[list[SaidMessage], list[str], int]:
    """Read whole lines, up to the end or the limit; an incomplete last line is left for the next read."""
    said: list[SaidMessage] = []
    recalled: list[str] = []
    offset = start
    for line in file:
        if not line.endswith(b"\n") or (limit is not None and offset - start > limit):
            break
        offset += len(line)
        message = read_line(line)
        if message is not None:
            said.append(message)
            if message.is_copied:  # and so is everything before it
                said = [one._replace(is_copied=True) for one in said]
        elif _CONTEXT_TYPE in line and OPENING.encode() in line:
            recalled += _read_context(line)
    return said, recalled, offset


def _read_context(line: bytes) -> list[str]:
    """Return the texts that hooks added to the conversation in this line."""
    record = _read_record(line)
    attachment = record.get("attachment")
    if record.get("type") != "attachment" or not isinstance(attachment, dict):
        return []
    content = attachment.get("content")
    return [text for text in content if isinstance(text, str)] if isinstance(content, list) else []


def _skip_known(said: list[SaidMessage], known_ids: tuple[str, ...]) -> list[SaidMessage]:
    known = set(known_ids)
    last = max((index for index, message in enumerate(said) if message.message_id in known), default=-1)
    return said[last + 1 :]


def read_line(line: bytes) -> SaidMessage | None:
    """Return the message in a line, without its `seq`; None if there is none. Never raises."""
    record = _read_record(line)
    if record.get("type") not in ("user", "assistant"):
        return None
    message = record.get("message")
    if not isinstance(message, dict) or any(record.get(mark) for mark in _NOT_SAID):
        return None
    content = "\n\n".join(_said_texts(message.get("content"))).strip()
    if not content:
        return None
    uuid, timestamp = (_as_text(record.get(name)) for name in ("uuid", "timestamp"))
    is_copied = record.get("requestSessionId") not in (None, record.get("sessionId"))
    return SaidMessage(uuid, str(record["type"]), cut_content(content), timestamp, 0, is_copied)


def _read_record(line: bytes) -> dict[str, object]:
    """Return the JSON object in a line; an empty object if there is none, or the line is too long."""
    if len(line) > _MAX_LINE_BYTES:
        return {}
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


def _said_texts(content: object) -> Iterator[str]:
    """Yield the texts of a message that the user or the model wrote, without tool calls and results."""
    for text in read_texts(content):
        if not text.lstrip().startswith(_HOST_TEXT):
            yield strip_recalled(text)


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else ""
