from __future__ import annotations

import dataclasses

import pytest
from mnemo_server.domain.filters import FILTER_FIELDS, MemoryFilter, facets_of
from mnemo_server.domain.memory import StoredMemory

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
    "wanted",
    [
        MemoryFilter(),
        MemoryFilter(tags=("a", "b")),
        MemoryFilter(tags_any=("z", "b")),
        MemoryFilter(memory_types=("pinned", "insight")),
        MemoryFilter(source="cli", agent_id="ann", tags=("a",)),
    ],
)
def test_a_memory_that_meets_every_condition_is_admitted(wanted: MemoryFilter):
    assert wanted.admits(MEMORY)


@pytest.mark.parametrize(
    "wanted",
    [
        MemoryFilter(states=("deleted",)),
        MemoryFilter(tags=("a", "z")),
        MemoryFilter(tags_any=("y", "z")),
        MemoryFilter(memory_types=("pinned",)),
        MemoryFilter(session_id="s"),
        MemoryFilter(project="p"),
    ],
)
def test_one_condition_that_fails_is_enough(wanted: MemoryFilter):
    assert not wanted.admits(MEMORY)


def test_every_condition_is_one_that_memories_are_indexed_by():
    full = MemoryFilter(
        memory_types=("x",), tags=("x",), source="x", agent_id="x", session_id="x", project="x", subject="x"
    )

    fields = {field for field, _ in full.required()} | {field for field, _ in full.excluded()}
    assert fields == set(FILTER_FIELDS)
    assert all(facets_of(dataclasses.replace(MEMORY), field) is not None for field in FILTER_FIELDS)
