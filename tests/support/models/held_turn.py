"""A turn of an agent that a test keeps open: each call that the test makes is the model's next tool call.

A whole suite of tool calls thus goes through a real host in the time of one turn.
"""

from __future__ import annotations

import queue
from typing import Any

#: This marker in a prompt keeps its turn open.
PROMPT = "Please hold this turn open."
#: Seconds for one tool call, through the host and back.
CALL_SECONDS = 60
#: Seconds that a turn waits for the next call of its test.
IDLE_SECONDS = 300


class HeldTurn:
    """The two ends of a held turn: `call` for the test, `answer_request` for the model."""

    def __init__(self) -> None:
        self._commands: queue.Queue[tuple[str, dict[str, Any]] | None] = queue.Queue()
        self._results: queue.Queue[str] = queue.Queue()
        self._delivered = 0

    def call(self, name: str, arguments: dict[str, Any]) -> str:
        """Make the model call a tool; return the text of its result as the model sees it."""
        self._commands.put((name, arguments))
        try:
            return self._results.get(timeout=CALL_SECONDS)
        except queue.Empty:
            raise TimeoutError(f"the host gave no result of {name} within {CALL_SECONDS} s") from None

    def end(self) -> None:
        """Make the model end the turn."""
        self._commands.put(None)

    def answer_request(self, results: list[str]) -> tuple[str, dict[str, Any]] | None:
        """Accept the tool results in a request of this turn; return the next call, or None at the end."""
        if len(results) > self._delivered:
            self._delivered = len(results)
            self._results.put(results[-1])
        try:
            return self._commands.get(timeout=IDLE_SECONDS)
        except queue.Empty:
            return None
