"""Texts in memory that wait for a vector. The database has them all, so what doesn't fit isn't lost."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mnemo_server.index.segments.entries import EntryRow
from mnemo_server.services.indexing import indexed_text
from mnemo_server.stores.records import WrittenMemory

#: Maximum number of waiting texts, and of their characters in total.
MAX_TEXTS: Final = 2_000
MAX_CHARACTERS: Final = 8_000_000


@dataclass(frozen=True, slots=True)
class WaitingText:
    """A text to embed, and the search entry that gets its vector."""

    tenant_id: int
    entry: EntryRow
    text: str
    #: When it was written, microseconds UTC.
    since: int

    @classmethod
    def of(cls, written: WrittenMemory) -> WaitingText:
        """Take the text under which search finds a memory."""
        memory = written.memory
        return cls(memory.tenant_id, written.entry, indexed_text(memory), written.entry.changed_at)


class EmbeddingQueue:
    """A bounded first-in, first-out queue."""

    def __init__(self, max_texts: int = MAX_TEXTS, max_characters: int = MAX_CHARACTERS) -> None:
        self._max_texts = max_texts
        self._max_characters = max_characters
        self._waiting: deque[WaitingText] = deque()
        self._characters = 0

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def oldest(self) -> int | None:
        """When the first text was written, in microseconds UTC; None if the queue is empty."""
        return self._waiting[0].since if self._waiting else None

    def put(self, waiting: WaitingText) -> bool:
        """Add a text; return whether there was room."""
        characters = self._characters + len(waiting.text)
        if len(self._waiting) >= self._max_texts or characters > self._max_characters:
            return False
        self._waiting.append(waiting)
        self._characters = characters
        return True

    def put_back(self, batch: Sequence[WaitingText]) -> None:
        """Put a batch that was taken back at the front of the queue."""
        self._waiting.extendleft(reversed(batch))
        self._characters += sum(len(one.text) for one in batch)

    def take(self, most: int) -> list[WaitingText]:
        """Remove and return the oldest texts."""
        batch = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
        self._characters -= sum(len(one.text) for one in batch)
        return batch

    def clear(self) -> int:
        """Drop all texts, which the database still has; return how many there were."""
        count = len(self._waiting)
        self._waiting.clear()
        self._characters = 0
        return count
