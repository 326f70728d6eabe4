from __future__ import annotations

import json

from mnemo_server.domain.memories.memory import (
    Changes,
    StoredMemory,
    hash_content,
    hash_message,
    revise,
    snapshot,
)

MEMORY = StoredMemory(
    tenant_id=1,
    id=7,
    content="tea at five",
    memory_type="insight",
    state="active",
    version=3,
    content_hash=hash_content("tea at five"),
    created_at=1_000,
    updated_at=2_000,
    tags=("habit",),
    metadata='{"cup":1}',
    source="alice",
)


def test_an_empty_revision_is_still_a_new_version():
    revised = revise(MEMORY, Changes(), agent_id="bob", now=3_000)

    assert (revised.version, revised.updated_by, revised.updated_at) == (4, "bob", 3_000)
    assert (revised.content, revised.tags, revised.metadata) == ("tea at five", ("habit",), '{"cup":1}')


def test_a_revision_changes_what_was_sent_and_nothing_else():
    revised = revise(MEMORY, Changes(content="tea at six", tags=()), agent_id=None, now=3_000)

    assert (revised.content, revised.tags) == ("tea at six", ())
    assert revised.content_hash == hash_content("tea at six")
    assert (revised.metadata, revised.source, revised.created_at) == ('{"cup":1}', "alice", 1_000)


def test_metadata_is_cleared_only_on_purpose():
    assert revise(MEMORY, Changes(metadata="0"), agent_id=None, now=1).metadata == "0"
    assert revise(MEMORY, Changes(clears_metadata=True), agent_id=None, now=1).metadata is None


def test_a_later_version_is_later_even_when_the_clock_steps_back():
    assert revise(MEMORY, Changes(), agent_id=None, now=1).updated_at == 2_001


def test_messages_differ_by_speaker_time_and_text():
    same = hash_message("user", None, None, "yes")

    assert same == hash_message("user", None, None, "yes")
    others = [
        hash_message("assistant", None, None, "yes"),
        hash_message("user", "Ann", None, "yes"),
        hash_message("user", None, 1, "yes"),
        hash_message("user", None, None, "no"),
    ]
    assert len({same, *others}) == 5


def test_a_snapshot_keeps_what_undo_needs():
    kept = json.loads(snapshot(MEMORY))

    assert kept["content"] == "tea at five"
    assert kept["tags"] == ["habit"]
    assert kept["metadata"] == {"cup": 1}
    assert kept["version"] == 3
    assert "session_id" not in kept
