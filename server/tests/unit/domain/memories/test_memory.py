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


def test_an_update_without_changes_is_a_new_version():
    revised = revise(MEMORY, Changes(), agent_id="bob", now=3_000)

    assert (revised.version, revised.updated_by, revised.updated_at) == (4, "bob", 3_000)
    assert (revised.content, revised.tags, revised.metadata) == ("tea at five", ("habit",), '{"cup":1}')


def test_an_update_changes_only_the_fields_that_were_sent():
    revised = revise(MEMORY, Changes(content="tea at six", tags=()), agent_id=None, now=3_000)

    assert (revised.content, revised.tags) == ("tea at six", ())
    assert revised.content_hash == hash_content("tea at six")
    assert (revised.metadata, revised.source, revised.created_at) == ('{"cup":1}', "alice", 1_000)


def test_metadata_is_cleared_only_by_clears_metadata():
    assert revise(MEMORY, Changes(metadata="0"), agent_id=None, now=1).metadata == "0"
    assert revise(MEMORY, Changes(clears_metadata=True), agent_id=None, now=1).metadata is None


def test_updated_at_increases_even_if_the_clock_goes_backwards():
    assert revise(MEMORY, Changes(), agent_id=None, now=1).updated_at == 2_001


def test_the_hash_of_a_message_depends_on_speaker_time_and_text():
    same = hash_message("user", None, None, "yes")

    assert same == hash_message("user", None, None, "yes")
    others = [
        hash_message("assistant", None, None, "yes"),
        hash_message("user", "Ann", None, "yes"),
        hash_message("user", None, 1, "yes"),
        hash_message("user", None, None, "no"),
    ]
    assert len({same, *others}) == 5


def test_a_snapshot_contains_what_restoring_needs():
    fields = json.loads(snapshot(MEMORY))

    assert fields["content"] == "tea at five"
    assert fields["tags"] == ["habit"]
    assert fields["metadata"] == {"cup": 1}
    assert fields["version"] == 3
    assert "session_id" not in fields
