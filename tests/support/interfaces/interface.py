"""The common form of every interface to a server: five tools in, JSON objects out, failures with a code."""

from __future__ import annotations

from typing import Any, Protocol

#: The agent that writes, through every interface.
AGENT = "contract-suite"
JsonObject = dict[str, Any]


class ToolFailure(Exception):
    """A tool failed: a sentence for people, a code for programs, the current memory after a conflict."""

    def __init__(self, sentence: str, code: str, current: JsonObject | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.code = code
        self.current = current


class Interface(Protocol):
    """The five tools. Every method raises `ToolFailure` when the server or the interface reports an error."""

    def store(self, content: str, **fields: Any) -> JsonObject:
        """Store a memory; return at least its id, outcome and version."""

    def search(self, q: str, **query: Any) -> JsonObject:
        """Return a page: memories, total, limit, offset."""

    def get(self, memory_id: str) -> JsonObject:
        """Return a memory."""

    def history(self, memory_id: str) -> list[JsonObject]:
        """Return what happened to a memory, newest first."""

    def update(self, memory_id: str, **fields: Any) -> JsonObject:
        """Change a memory and return it."""

    def delete(self, memory_id: str) -> None:
        """Delete a memory."""
