"""Memories for tests of stores."""

from __future__ import annotations

from mnemo_server.domain.clock import system_clock
from mnemo_server.domain.idempotency import IdempotentRequest, KeptResponse
from mnemo_server.domain.memories.memory import Actor, StoredMemory, hash_content
from mnemo_server.services.indexing import index_memory
from mnemo_server.stores.opening import Stores
from mnemo_server.stores.records import Stored, WrittenMemory
from mnemos_contract.base import WireModel

ACTOR = Actor(agent_id="ann", key_id=9, request_id="r-1")
TENANT = 1


def make_memory(memory_id: int, content: str = "some text", **fields: object) -> WrittenMemory:
    """Return a memory of the test tenant with its search entry."""
    now = system_clock()
    values: dict[str, object] = {
        "tenant_id": TENANT,
        "memory_type": "insight",
        "state": "active",
        "version": 1,
        "content_hash": hash_content(content),
        "created_at": now,
        "updated_at": now,
        **fields,
    }
    return index_memory(StoredMemory(id=memory_id, content=content, **values))  # type: ignore[arg-type]


class StoredId(WireModel):
    """The response of these tests."""

    id: int


async def store(
    stores: Stores, written: WrittenMemory, idempotency: IdempotentRequest | None = None
) -> Stored | KeptResponse:
    """Store a memory; return the outcome, or the response to an earlier request with the same key."""
    created = await stores.creator.create(
        written, ACTOR, lambda stored: StoredId(id=stored.memory.id), idempotency
    )
    return created if isinstance(created, KeptResponse) else created[0]
