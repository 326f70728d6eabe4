from __future__ import annotations

from mnemo_server.domain.memory import StoredMemory
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


def test_a_memory_is_found_by_its_text_and_its_tags():
    assert indexed_text(memory(tags=("infra", "db"))) == "the text\ninfra\ndb"


def test_a_message_is_found_by_who_said_it_and_when():
    assert indexed_text(memory(memory_type="session", name="Ann")) == "Ann (6 May 2024): the text"


def test_an_entry_is_of_the_version_that_was_analysed():
    written = index_memory(memory())

    assert (written.entry.memory_id, written.entry.version) == (1, 4)
    assert written.entry.changed_at == 1_714_979_290_000_000
    assert written.entry.is_active
    assert not index_memory(memory(state="archived")).entry.is_active


def test_equal_memories_have_equal_entries_whatever_the_order_of_their_facets():
    assert (
        index_memory(memory(tags=("a", "b"))).entry.terms == index_memory(memory(tags=("b", "a"))).entry.terms
    )
