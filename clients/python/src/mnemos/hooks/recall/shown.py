"""What recall has put into a session, in files of the state folder; recall writes and capture reads them."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from mnemos.hooks.naming import name_session
from mnemos.hooks.recall.blocks import list_lines

if TYPE_CHECKING:
    from mnemos.hooks.state import State

#: Number of lines shown with prompts that are remembered: the last ones; older lines may be shown again.
_MAX_LINES = 200


class ShownToPrompts(NamedTuple):
    """What was shown with the prompts of a session."""

    #: The newest prompt, and its block.
    prompt_id: str = ""
    block: str = ""
    #: The lines of all blocks.
    lines: tuple[str, ...] = ()

    def add(self, prompt_id: str, block: str) -> ShownToPrompts:
        """Add the block of the next prompt."""
        return ShownToPrompts(prompt_id, block, (*self.lines, *list_lines(block))[-_MAX_LINES:])


class Shown:
    """The files of one session. A damaged file is treated as missing."""

    def __init__(self, session_id: str, state: State) -> None:
        self._state, self._name = state, name_session(session_id)

    def read_session_block(self) -> str | None:
        """Return the block that the session began with; None if there is none yet."""
        try:
            return _read(self._block_path).decode()
        except (OSError, ValueError):
            return None

    def write_session_block(self, block: str) -> None:
        """Save the block that the session began with."""
        self._state.write(self._block_path, block.encode())

    def read_prompts(self) -> ShownToPrompts:
        """Return what was shown with the prompts."""
        try:
            data = json.loads(_read(self._prompts_path))
            return ShownToPrompts(str(data["prompt_id"]), str(data["block"]), tuple(map(str, data["shown"])))
        except (OSError, ValueError, KeyError, TypeError):
            return ShownToPrompts()

    def write_prompts(self, prompts: ShownToPrompts) -> None:
        """Save what was shown with the prompts."""
        data = {"prompt_id": prompts.prompt_id, "block": prompts.block, "shown": prompts.lines}
        self._state.write(self._prompts_path, json.dumps(data).encode())

    def forget_prompts(self) -> None:
        """Forget what was shown with the prompts."""
        with suppress(FileNotFoundError):
            os.unlink(self._prompts_path)

    def list_lines(self) -> list[str]:
        """Return every line that was shown in the session, as far as is known."""
        return [*list_lines(self.read_session_block() or ""), *self.read_prompts().lines]

    @property
    def _block_path(self) -> str:
        return self._state.find_path("blocks", f"{self._name}.txt")

    @property
    def _prompts_path(self) -> str:
        return self._state.find_path("prompts", f"{self._name}.json")


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
