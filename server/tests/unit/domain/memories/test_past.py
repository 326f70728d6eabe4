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


def test_a_version_is_read_back_from_its_snapshot():
    assert reconstruct(SECOND, snapshot(FIRST)) == dataclasses.replace(FIRST, likeness=None)


def test_a_message_keeps_the_fingerprint_by_which_its_session_knows_it():
    message = dataclasses.replace(FIRST, memory_type="session", content_hash=b"m" * 32, seq=3, role="user")
    changed = dataclasses.replace(message, content="other", version=2)

    assert reconstruct(changed, snapshot(message)) == dataclasses.replace(message, likeness=None)
    assert bring_back(changed, message, agent_id=None, now=5_000).content_hash == b"m" * 32


def test_what_is_superseded_says_by_what_and_since_when_and_is_no_repeat():
    gone = supersede(SECOND, 9, agent_id="eve", now=3_000)

    assert (gone.superseded_by, gone.superseded_at, gone.updated_at) == (9, 3_000, 3_000)
    assert (gone.version, gone.updated_by, gone.likeness) == (3, "eve", None)
    assert not gone.is_current
    assert supersede(SECOND, 9, agent_id=None, now=1).superseded_at == SECOND.updated_at + 1


def test_an_update_of_what_is_superseded_leaves_it_superseded_and_no_repeat():
    gone = supersede(FIRST, 9, agent_id=None, now=3_000)

    changed = revise(gone, Changes(content="coffee"), agent_id=None, now=4_000)

    assert (changed.content, changed.superseded_by, changed.likeness) == ("coffee", 9, None)


def test_bringing_back_is_a_new_version_that_holds():
    deleted = dataclasses.replace(supersede(SECOND, 9, agent_id=None, now=3_000), state="deleted", version=4)

    back = bring_back(deleted, None, agent_id="ann", now=5_000)

    assert back.is_current
    assert (back.version, back.updated_by, back.updated_at) == (5, "ann", 5_000)
    assert (back.content, back.superseded_at, back.source) == ("tea at six", None, "bob")
    assert back.likeness == likeness_of(back)


def test_an_earlier_version_brings_its_text_tags_and_metadata_back():
    back = bring_back(SECOND, reconstruct(SECOND, snapshot(FIRST)), agent_id=None, now=5_000)

    assert (back.content, back.tags, back.metadata) == (FIRST.content, FIRST.tags, FIRST.metadata)
    assert (back.content_hash, back.likeness) == (FIRST.content_hash, FIRST.likeness)
    assert (back.version, back.source, back.created_at) == (3, "bob", 1_000)
