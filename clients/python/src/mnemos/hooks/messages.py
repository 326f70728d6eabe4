"""The messages of a session, in one form for all hosts, and how far they are captured."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, NamedTuple

from mnemos._generated.limits import MAX_MESSAGE_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Number of last messages whose ids a cursor keeps, to find its position in a rewritten transcript.
KNOWN_IDS = 100
#: The end of a text that was cut.
_CUT = " …"


class SaidMessage(NamedTuple):
    """One message of the user or the model."""

    #: The host's own id, or one made from the text; empty for none.
    message_id: str
    #: `user` or `assistant`.
    role: str
    content: str
    #: RFC 3339, or empty.
    timestamp: str = ""
    #: Position among all messages of the session, from 0.
    seq: int = 0
    #: Whether it was copied from another session, from which this one was forked.
    is_copied: bool = False


class Cursor(NamedTuple):
    """How far a session is captured."""

    #: Bytes of a transcript that were read, always up to the end of a line.
    offset: int = 0
    #: Checksum of the bytes just before `offset`; a different one means that the file was rewritten.
    fingerprint: int = 0
    #: Number of messages returned so far; the next one gets this number.
    seq: int = 0
    #: Ids of the last messages returned, oldest first.
    known_ids: tuple[str, ...] = ()


class Window(NamedTuple):
    """The messages of one read, and where the next one begins."""

    messages: list[SaidMessage]
    cursor: Cursor
    #: Blocks that recall put into the conversation meanwhile, if the host reports them.
    recalled: tuple[str, ...] = ()


def cut_content(text: str, max_bytes: int = MAX_MESSAGE_BYTES) -> str:
    """Cut a text to the server's limit and replace lone surrogates, which UTF-8 can't encode."""
    data = text.encode("utf-8", "replace")
    if len(data) <= max_bytes:
        return data.decode()
    return data[: max_bytes - len(_CUT.encode())].decode("utf-8", "ignore") + _CUT


def read_texts(content: object) -> Iterator[str]:
    """Yield the texts of a message's content, a string or a list of blocks; other content has no text."""
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    for block in blocks if isinstance(blocks, list) else []:
        text = block.get("text") if isinstance(block, dict) and block.get("type") == "text" else None
        if isinstance(text, str):
            yield text


def format_moment(milliseconds: object) -> str:
    """Return a time in milliseconds since 1970 as RFC 3339; empty if it isn't a time."""
    if not isinstance(milliseconds, (int, float)) or not 0 < milliseconds < 1e14:  # noqa: PLR2004 - the year 5138
        return ""
    seconds, rest = divmod(int(milliseconds), 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{rest:03d}Z"


def read_cursor(path: Path) -> Cursor:
    """Read a cursor; without a valid file it is at the start, which only sends messages again."""
    try:
        data = json.loads(path.read_bytes())
        known_ids = tuple(str(item) for item in data["known_ids"])
        return Cursor(int(data["offset"]), int(data["fingerprint"]), int(data["seq"]), known_ids)
    except (OSError, ValueError, KeyError, TypeError):
        return Cursor()


def write_cursor(cursor: Cursor) -> bytes:
    """Return a cursor in the format of `read_cursor`."""
    return json.dumps(cursor._asdict()).encode()
