"""The history of memories as a plain model, to compare the server with. Nothing here is fast."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field


@dataclass
class Life:
    """One memory."""

    memory_id: str
    words: tuple[str, ...]
    tags: tuple[str, ...]
    subject: str | None
    project: str | None
    state: str = "active"
    superseded_by: str | None = None
    #: Why, when it is superseded.
    reason: str = ""
    #: What every version said, from 1 on.
    versions: list[tuple[tuple[str, ...], tuple[str, ...]]] = field(default_factory=list)
    #: What happened, the first first.
    actions: list[str] = field(default_factory=list)

    @property
    def is_current(self) -> bool:
        return self.state == "active" and self.superseded_by is None

    @property
    def place(self) -> tuple[object, ...]:
        return (self.project, self.subject, self.words)

    def change(self, action: str) -> None:
        self.versions.append((self.words, self.tags))
        self.actions.append(action)


class Model:
    """All memories of a tenant, and how everything was after each step."""

    def __init__(self) -> None:
        self.lives: dict[str, Life] = {}
        #: (project, subject, words) -> the memory with which repeats are answered
        self.known: dict[tuple[object, ...], str] = {}
        self.past: list[tuple[int, dict[str, Life]]] = []

    def remember(self, now: int) -> None:
        """Keep how everything is at a time."""
        self.past.append((now, copy.deepcopy(self.lives)))

    def find_repeated(self, life: Life) -> str | None:
        return self.known.get(life.place)

    def find_holder(self, memory_id: str) -> Life | None:
        """Find the memory in whose place one stands."""
        life = self.lives[memory_id]
        while life.superseded_by is not None:
            life = self.lives[life.superseded_by]
        return life if life.is_current else None

    def find_rivals(self, life: Life) -> list[Life]:
        return [
            other
            for other in self.lives.values()
            if other.is_current
            and life.subject is not None
            and (other.subject, other.project) == (life.subject, life.project)
            and other.memory_id != life.memory_id
        ]

    def store(self, life: Life, replaces: str | None) -> tuple[str, set[str]]:
        """Return the id that is answered, and the ids of what it supersedes."""
        repeated = self.find_repeated(life)
        holder_id = repeated or life.memory_id
        rivals = [(other, "subject") for other in self.find_rivals(life)]
        if replaces is not None:
            place = self.find_holder(replaces)
            if place is not None and place not in [other for other, _ in rivals]:
                rivals.append((place, "replaces"))
        rivals = [(other, reason) for other, reason in rivals if other.memory_id != holder_id]
        for other, reason in rivals:
            self.supersede(other, holder_id, reason)
        if repeated is None:
            self.lives[life.memory_id] = life
            self.take_words(life)
            life.change("created")
        else:
            self.lives[repeated].actions.append("repeated")
        return holder_id, {other.memory_id for other, _ in rivals}

    def update(self, life: Life, words: tuple[str, ...] | None, tags: tuple[str, ...] | None) -> None:
        if words is not None and words != life.words:
            self.leave_words(life)
            life.words = words
            if life.is_current:
                self.take_words(life)
        life.tags = life.tags if tags is None else tags
        life.change("updated")

    def delete(self, life: Life) -> None:
        if life.state != "deleted":
            self.leave_words(life)
            life.state = "deleted"
            life.change("deleted")

    def restore(self, life: Life, version: int | None) -> None:
        rivals = self.find_rivals(life)
        if life.superseded_by is not None and life.reason == "replaces":
            holder = self.find_holder(life.memory_id)
            if holder is not None and holder not in rivals:
                rivals.append(holder)
        for other in rivals:
            self.supersede(other, life.memory_id, "restored")
        self.leave_words(life)
        if version is not None:
            life.words, life.tags = life.versions[version - 1]
        life.state, life.superseded_by = "active", None
        self.take_words(life)
        life.change("restored")

    def supersede(self, life: Life, by: str, reason: str) -> None:
        self.leave_words(life)
        life.superseded_by, life.reason = by, reason
        life.change("superseded")

    def take_words(self, life: Life) -> None:
        self.known.setdefault(life.place, life.memory_id)

    def leave_words(self, life: Life) -> None:
        if self.known.get(life.place) == life.memory_id:
            del self.known[life.place]
