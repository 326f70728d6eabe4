from __future__ import annotations

import dataclasses

from mnemo_server.domain.memories.memory import (
    Changes,
    StoredMemory,
    hash_content,
    likeness_of,
    revise,
    snapshot,
    supersede,
)
from mnemo_server.domain.memories.past import bring_back, reconstruct

FIRST = StoredMemory(
    tenant_id=1,
    id=7,
    content="tea at five",
    memory_type="insight",
    state="active",
    version=1,
    content_hash=hash_content("tea at five"),
    created_at=1_000,
    updated_at=1_000,
    source="alice",
    tags=("habit",),
    metadata='{"cup": [1, null]}',
    agent_id="alice",
    session_id="s",
    project="p",
    updated_by="alice",
    subject="tea",
    derived_from=(3, 4),
)
FIRST = dataclasses.replace(FIRST, likeness=likeness_of(FIRST))
SECOND = revise(
    FIRST,
    Changes(content="tea at six", tags=(), clears_metadata=True, source="bob"),
    agent_id="bob",
    now=2_000,
)


def test_a_version_can_be_reconstructed_from_its_snapshot():
    assert reconstruct(SECOND, snapshot(FIRST)) == dataclasses.replace(FIRST, likeness=None)


def test_a_message_keeps_the_hash_that_identifies_it_in_its_session():
    message = dataclasses.replace(FIRST, memory_type="session", content_hash=b"m" * 32, seq=3, role="user")
    changed = dataclasses.replace(message, content="other", version=2)

    assert reconstruct(changed, snapshot(message)) == dataclasses.replace(message, likeness=None)
    assert bring_back(changed, message, agent_id=None, now=5_000).content_hash == b"m" * 32


def test_a_superseded_memory_has_its_successor_and_time_and_no_likeness():
    superseded = supersede(SECOND, 9, agent_id="eve", now=3_000)

    assert (superseded.superseded_by, superseded.superseded_at, superseded.updated_at) == (9, 3_000, 3_000)
    assert (superseded.version, superseded.updated_by, superseded.likeness) == (3, "eve", None)
    assert not superseded.is_current
    assert supersede(SECOND, 9, agent_id=None, now=1).superseded_at == SECOND.updated_at + 1


def test_an_update_of_a_superseded_memory_leaves_it_superseded_and_without_likeness():
    superseded = supersede(FIRST, 9, agent_id=None, now=3_000)

    changed = revise(superseded, Changes(content="coffee"), agent_id=None, now=4_000)

    assert (changed.content, changed.superseded_by, changed.likeness) == ("coffee", 9, None)


def test_restoring_makes_a_new_version_that_is_current():
    deleted = dataclasses.replace(supersede(SECOND, 9, agent_id=None, now=3_000), state="deleted", version=4)

    restored = bring_back(deleted, None, agent_id="ann", now=5_000)

    assert restored.is_current
    assert (restored.version, restored.updated_by, restored.updated_at) == (5, "ann", 5_000)
    assert (restored.content, restored.superseded_at, restored.source) == ("tea at six", None, "bob")
    assert restored.likeness == likeness_of(restored)


def test_restoring_an_earlier_version_restores_content_tags_and_metadata():
    restored = bring_back(SECOND, reconstruct(SECOND, snapshot(FIRST)), agent_id=None, now=5_000)

    assert (restored.content, restored.tags, restored.metadata) == (FIRST.content, FIRST.tags, FIRST.metadata)
    assert (restored.content_hash, restored.likeness) == (FIRST.content_hash, FIRST.likeness)
    assert (restored.version, restored.source, restored.created_at) == (3, "bob", 1_000)
