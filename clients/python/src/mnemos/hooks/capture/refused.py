"""The messages that the guard refused and why, kept on this machine for a while so that users can check."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, NamedTuple

from mnemos.hooks.redact import Redactor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mnemos.hooks.capture.guard import Refusal
    from mnemos.hooks.messages import SaidMessage
    from mnemos.hooks.settings import HookSettings
    from mnemos.hooks.state import State

#: Beyond this size a new list is started; the previous one is kept as `refused.jsonl.1`.
MAX_LIST_BYTES = 512 * 1024
#: Characters of a message that are shown.
MAX_TEXT_CHARACTERS = 300


class RefusedMessage(NamedTuple):
    """One entry of the list."""

    #: When it was refused, in RFC 3339.
    time: str
    session_id: str
    #: Its position in the session.
    seq: int
    role: str
    code: str
    reason: str
    #: Its beginning, without secrets.
    text: str


class RefusedLog:
    """Adds to the list. Secrets are always removed, even if the settings send them."""

    def __init__(self, state: State, settings: HookSettings) -> None:
        self._state = state
        self._redactor = Redactor(settings._replace(redact=True))

    def add(self, session_id: str, message: SaidMessage, refusal: Refusal) -> None:
        """Record a refusal; never fails, even if the list can't be written."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        text = self._redactor.clean(message.content)[:MAX_TEXT_CHARACTERS]
        entry = RefusedMessage(
            moment, session_id, message.seq, message.role, refusal.code, refusal.reason, text
        )
        line = json.dumps(entry._asdict(), ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        try:
            path = self._state.get_subfolder("refused") / "refused.jsonl"
            if path.exists() and path.stat().st_size > MAX_LIST_BYTES:
                path.replace(path.with_suffix(".jsonl.1"))
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(line)
        except OSError as error:
            self._state.log(f"a refused message wasn't recorded: {error}")


def read_refused(state: State) -> Iterator[RefusedMessage]:
    """Yield the entries of the list, oldest first; lines that can't be read are left out."""
    for name in ("refused.jsonl.1", "refused.jsonl"):
        try:
            lines = (state.folder / "refused" / name).read_bytes().splitlines()
        except OSError:
            continue
        for line in lines:
            try:
                yield RefusedMessage(**json.loads(line))
            except (ValueError, TypeError):
                continue
