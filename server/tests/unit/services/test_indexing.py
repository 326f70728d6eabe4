from __future__ import annotations

from dataclasses import replace

from mnemo_server.domain.memories.memory import StoredMemory
from mnemo_server.domain.search.traits import describe
from mnemo_server.index.segments.entries import hash_session
from mnemo_server.services.indexing import index_memory, indexed_text


def memory(**fields: object) -> StoredMemory:
    values: dict[str, object] = {
        "tenant_id": 1,
        "id": 1,
        "content": "the text",
        "memory_type": "insight",
        "state": "active",
        "version": 4,
        "content_hash": b"",
        "created_at": 1_714_979_289_000_000,
        "updated_at": 1_714_979_290_000_000,
        **fields,
    }
    return StoredMemory(**values)  # type: ignore[arg-type]


def test_a_memory_is_indexed_with_its_text_and_tags():
    assert indexed_text(memory(tags=("infra", "db"))) == "the text\ninfra\ndb"


def test_a_message_is_indexed_with_its_speaker_and_date():
    assert indexed_text(memory(memory_type="session", name="Ann")) == "Ann (6 May 2024): the text"


def test_the_entry_of_a_message_contains_its_position_and_speaker():
    message = memory(memory_type="session", session_id="s", seq=3, role="user", content="Why in May?")

    entry = index_memory(message).entry

    assert (entry.session_key, entry.seq, entry.speaker) == (hash_session("s"), 3, "user")
    assert entry.traits == describe("Why in May?")
    assert index_memory(replace(message, name="Ann")).entry.speaker == "Ann"


def test_a_memory_of_a_session_that_is_no_message_has_no_position():
    entry = index_memory(memory(session_id="s", role="user")).entry

    assert (entry.session_key, entry.seq, entry.speaker) == (None, None, None)


def test_an_entry_has_the_revision_of_the_analysed_version():
    written = index_memory(memory())

    assert (written.entry.memory_id, written.entry.revision) == (1, 4 * 1024)
    assert written.entry.changed_at == 1_714_979_290_000_000
    assert written.entry.is_active
    assert not index_memory(memory(state="archived")).entry.is_active


def test_the_order_of_tags_does_not_change_the_entry():
    assert (
        index_memory(memory(tags=("a", "b"))).entry.terms == index_memory(memory(tags=("b", "a"))).entry.terms
    )
