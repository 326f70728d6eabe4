"""A turn of an agent that a test holds open: each call that the test makes is the model's next tool call.

So a whole suite of tool calls goes through a real host in the time of one turn.
"""

from __future__ import annotations

import queue
from typing import Any

#: Stands in the prompt of a turn that is held.
PROMPT = "Please hold this turn open."
#: For one tool call, through the host and back.
CALL_SECONDS = 60
#: How long a turn waits for its test to go on.
IDLE_SECONDS = 300


class HeldTurn:
    """The two ends of a held turn: `call` for the test, `answer_request` for the model."""

    def __init__(self) -> None:
        self._commands: queue.Queue[tuple[str, dict[str, Any]] | None] = queue.Queue()
        self._results: queue.Queue[str] = queue.Queue()
        self._delivered = 0

    def call(self, name: str, arguments: dict[str, Any]) -> str:
        """Let the model call a tool; give the text of its result, as the model is told it."""
        self._commands.put((name, arguments))
        try:
            return self._results.get(timeout=CALL_SECONDS)
        except queue.Empty:
            raise TimeoutError(f"the host gave no result of {name} within {CALL_SECONDS} s") from None

    def end(self) -> None:
        """Let the model end the turn."""
        self._commands.put(None)

    def answer_request(self, results: list[str]) -> tuple[str, dict[str, Any]] | None:
        """Take the results that a request of this turn carries; give the next call, None to end the turn."""
        if len(results) > self._delivered:
            self._delivered = len(results)
            self._results.put(results[-1])
        try:
            return self._commands.get(timeout=IDLE_SECONDS)
        except queue.Empty:
            return None
