"""The history of memories as a simple model, as a reference. Nothing here is optimised."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field


@dataclass
class Record:
    """One memory."""

    memory_id: str
    words: tuple[str, ...]
    tags: tuple[str, ...]
    subject: str | None
    project: str | None
    state: str = "active"
    superseded_by: str | None = None
    #: The reason, if it is superseded.
    reason: str = ""
    #: Words and tags of every version, from 1 on.
    versions: list[tuple[tuple[str, ...], tuple[str, ...]]] = field(default_factory=list)
    #: All actions, oldest first.
    actions: list[str] = field(default_factory=list)

    @property
    def is_current(self) -> bool:
        return self.state == "active" and self.superseded_by is None

    @property
    def identity(self) -> tuple[object, ...]:
        return (self.project, self.subject, self.words)

    def change(self, action: str) -> None:
        self.versions.append((self.words, self.tags))
        self.actions.append(action)


class ReferenceModel:
    """All memories of a tenant, and the state after each step."""

    def __init__(self) -> None:
        self.records: dict[str, Record] = {}
        #: (project, subject, words) -> the memory that repeats are answered with
        self.known: dict[tuple[object, ...], str] = {}
        self.past: list[tuple[int, dict[str, Record]]] = []

    def remember(self, now: int) -> None:
        """Record the current state under a time."""
        self.past.append((now, copy.deepcopy(self.records)))

    def find_repeated(self, record: Record) -> str | None:
        return self.known.get(record.identity)

    def find_current(self, memory_id: str) -> Record | None:
        """Return the current memory that supersedes this one, or itself; None if that is deleted."""
        record = self.records[memory_id]
        while record.superseded_by is not None:
            record = self.records[record.superseded_by]
        return record if record.is_current else None

    def find_same_subject(self, record: Record) -> list[Record]:
        return [
            other
            for other in self.records.values()
            if other.is_current
            and record.subject is not None
            and (other.subject, other.project) == (record.subject, record.project)
            and other.memory_id != record.memory_id
        ]

    def store(self, record: Record, replaces: str | None) -> tuple[str, set[str]]:
        """Return the id of the response, and the ids of superseded memories."""
        repeated = self.find_repeated(record)
        current_id = repeated or record.memory_id
        replaced = [(other, "subject") for other in self.find_same_subject(record)]
        if replaces is not None:
            target = self.find_current(replaces)
            if target is not None and target not in [other for other, _ in replaced]:
                replaced.append((target, "replaces"))
        replaced = [(other, reason) for other, reason in replaced if other.memory_id != current_id]
        for other, reason in replaced:
            self.supersede(other, current_id, reason)
        if repeated is None:
            self.records[record.memory_id] = record
            self.add_known(record)
            record.change("created")
        else:
            self.records[repeated].actions.append("repeated")
        return current_id, {other.memory_id for other, _ in replaced}

    def update(self, record: Record, words: tuple[str, ...] | None, tags: tuple[str, ...] | None) -> None:
        if words is not None and words != record.words:
            self.remove_known(record)
            record.words = words
            if record.is_current:
                self.add_known(record)
        record.tags = record.tags if tags is None else tags
        record.change("updated")

    def delete(self, record: Record) -> None:
        if record.state != "deleted":
            self.remove_known(record)
            record.state = "deleted"
            record.change("deleted")

    def restore(self, record: Record, version: int | None) -> None:
        replaced = self.find_same_subject(record)
        if record.superseded_by is not None and record.reason == "replaces":
            current = self.find_current(record.memory_id)
            if current is not None and current not in replaced:
                replaced.append(current)
        for other in replaced:
            self.supersede(other, record.memory_id, "restored")
        self.remove_known(record)
        if version is not None:
            record.words, record.tags = record.versions[version - 1]
        record.state, record.superseded_by = "active", None
        self.add_known(record)
        record.change("restored")

    def supersede(self, record: Record, by: str, reason: str) -> None:
        self.remove_known(record)
        record.superseded_by, record.reason = by, reason
        record.change("superseded")

    def add_known(self, record: Record) -> None:
        self.known.setdefault(record.identity, record.memory_id)

    def remove_known(self, record: Record) -> None:
        if self.known.get(record.identity) == record.memory_id:
            del self.known[record.identity]
