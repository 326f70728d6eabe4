from __future__ import annotations

import dataclasses

import pytest
from mnemo_server.domain.memories.filters import FILTER_FIELDS, MemoryFilter, facets_of
from mnemo_server.domain.memories.memory import StoredMemory

MEMORY = StoredMemory(
    tenant_id=1,
    id=1,
    content="x",
    memory_type="insight",
    state="active",
    version=1,
    content_hash=b"",
    created_at=0,
    updated_at=0,
    tags=("a", "b"),
    source="cli",
    agent_id="ann",
)


@pytest.mark.parametrize(
    "memory_filter",
    [
        MemoryFilter(),
        MemoryFilter(tags=("a", "b")),
        MemoryFilter(tags_any=("z", "b")),
        MemoryFilter(memory_types=("pinned", "insight")),
        MemoryFilter(source="cli", agent_id="ann", tags=("a",)),
    ],
)
def test_a_memory_that_meets_every_condition_is_admitted(memory_filter: MemoryFilter):
    assert memory_filter.admits(MEMORY)


@pytest.mark.parametrize(
    "memory_filter",
    [
        MemoryFilter(states=("deleted",)),
        MemoryFilter(tags=("a", "z")),
        MemoryFilter(tags_any=("y", "z")),
        MemoryFilter(memory_types=("pinned",)),
        MemoryFilter(session_id="s"),
        MemoryFilter(project="p"),
    ],
)
def test_a_memory_that_fails_one_condition_is_not_admitted(memory_filter: MemoryFilter):
    assert not memory_filter.admits(MEMORY)


def test_every_condition_is_an_indexed_field():
    full = MemoryFilter(
        memory_types=("x",), tags=("x",), source="x", agent_id="x", session_id="x", project="x", subject="x"
    )

    fields = {field for field, _ in full.required()} | {field for field, _ in full.excluded()}
    assert fields == set(FILTER_FIELDS)
    assert all(facets_of(dataclasses.replace(MEMORY), field) is not None for field in FILTER_FIELDS)


SUPERSEDED = dataclasses.replace(MEMORY, superseded_by=2, superseded_at=5)


def test_superseded_memories_are_excluded_unless_requested():
    assert not MemoryFilter().admits(SUPERSEDED)
    assert MemoryFilter(with_superseded=True).admits(SUPERSEDED)
    assert list(MemoryFilter().excluded()) == [("superseded", "yes")]
    assert list(MemoryFilter(with_superseded=True).excluded()) == []
    assert facets_of(SUPERSEDED, "superseded") == {"yes"}


@pytest.mark.parametrize(
    ("memory_filter", "known_before"),
    [
        (MemoryFilter(as_of=7), 8),
        (MemoryFilter(as_of=7, created_before=3), 3),
        (MemoryFilter(as_of=7, created_before=9), 8),
        (MemoryFilter(created_before=9), 9),
        (MemoryFilter(), None),
    ],
)
def test_as_of_admits_only_memories_created_by_then(memory_filter: MemoryFilter, known_before: int | None):
    assert memory_filter.known_before == known_before
    for created_at in range(12):
        memory = dataclasses.replace(MEMORY, created_at=created_at)
        assert memory_filter.admits(memory) == (known_before is None or created_at < known_before)
