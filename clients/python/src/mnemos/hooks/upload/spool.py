"""The spool: windows of messages on their way to the server, one file each, sent and then removed.

The file contains the request body. Its name contains the time, a random part and a mark of the key that it
was captured for, so that messages of one tenant are never sent to another.
"""

from __future__ import annotations

import json
import os
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from mnemos._generated.limits import MAX_BODY_BYTES, MAX_MESSAGE_BYTES, MAX_NAME_CHARACTERS
from mnemos.hooks.messages import cut_content
from mnemos.hooks.redact import Redactor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mnemos.hooks.settings import HookSettings
    from mnemos.hooks.state import State

#: Largest request body that is sent: the server's limit, less room for the brackets around the messages.
MAX_REQUEST_BYTES = MAX_BODY_BYTES - 1024
#: Maximum number of messages in one request.
MAX_REQUEST_MESSAGES = 200
#: Limits for the waiting files, and for the rejected ones; beyond them the oldest files are deleted.
MAX_FILES = 500
MAX_TOTAL_BYTES = 50_000_000


class Spool:
    """Request bodies waiting to be sent with one key, oldest first."""

    def __init__(self, state: State, settings: HookSettings) -> None:
        self._state = state
        self._redactor = Redactor(settings)
        self._folder = state.get_subfolder("spool")
        self._suffix = f".{mark_key(settings.api_key)}.json"

    def add(self, frame: dict[str, str], messages: list[dict[str, object]]) -> None:
        """Write messages as one or more request bodies; `frame` contains the fields beside `messages`.

        Secrets are removed here, so that they are neither kept on the disk nor sent. Only then are texts cut
        to the server's limits, since marks may be longer than the secrets that they replace.
        """
        clean = self._redactor.clean
        frame = {name: clean(value)[:MAX_NAME_CHARACTERS] for name, value in frame.items()}
        room = MAX_REQUEST_BYTES - len(_to_json(frame))
        messages = [
            _fit({**message, "content": clean(str(message["content"]))}, room) for message in messages
        ]
        for chunk in _split(messages, room):
            name = f"{time.time_ns():020d}-{os.urandom(6).hex()}{self._suffix}"
            self._state.write(self._folder / name, _to_json({**frame, "messages": chunk}), is_durable=True)
        self._prune(self._folder)

    def list_waiting(self) -> list[Path]:
        """Return the files that wait, oldest first."""
        return [path for path in _list_files(self._folder) if path.name.endswith(self._suffix)]

    def reject(self, path: Path, reason: str) -> None:
        """Set a file aside that the server will never accept, with the reason."""
        folder = self._state.get_subfolder("rejected")
        path.replace(folder / path.name)
        self._state.write(folder / f"{path.name}.reason", f"{reason}\n".encode("utf-8", "replace"))
        self._prune(folder)

    def _prune(self, folder: Path) -> None:
        """Delete the oldest files until the folder is within its limits."""
        sizes = [(path, path.stat().st_size) for path in _list_files(folder)]
        total = sum(size for _, size in sizes)
        for index, (path, size) in enumerate(sizes):
            if len(sizes) - index <= MAX_FILES and total <= MAX_TOTAL_BYTES:
                return
            path.unlink(missing_ok=True)
            total -= size
            self._state.log(f"dropped {path.name}: {folder.name} is full")


def _list_files(folder: Path) -> list[Path]:
    names = sorted(name for name in os.listdir(folder) if not name.startswith("."))
    return [folder / name for name in names]


def _fit(message: dict[str, object], room: int) -> dict[str, object]:
    """Cut a message to the server's limit, and so that it fits into a request.

    A control character takes six bytes in JSON, so a single message could exceed the limit of a request.
    """
    max_bytes = MAX_MESSAGE_BYTES
    message = {**message, "content": cut_content(str(message["content"]))}
    while len(_to_json(message)) > room and max_bytes > 1:
        max_bytes //= 2
        message = {**message, "content": cut_content(str(message["content"]), max_bytes)}
    return message


def _split(messages: list[dict[str, object]], room: int) -> Iterator[list[dict[str, object]]]:
    """Split messages into chunks that fit into one request each."""
    chunk: list[dict[str, object]] = []
    size = 0
    for message in messages:
        message_bytes = len(_to_json(message)) + 2
        if chunk and (size + message_bytes > room or len(chunk) == MAX_REQUEST_MESSAGES):
            yield chunk
            chunk, size = [], 0
        chunk.append(message)
        size += message_bytes
    if chunk:
        yield chunk


def _to_json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


def mark_key(api_key: str) -> str:
    """Return a mark that distinguishes keys without revealing them."""
    return f"{zlib.crc32(api_key.encode('utf-8', 'replace')):08x}"
