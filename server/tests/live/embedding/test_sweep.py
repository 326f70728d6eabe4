"""The embedding service over real stores: whatever happens, every memory is embedded eventually."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from mnemo_server.db.errors import DatabaseUnavailable
from mnemo_server.domain.clock import system_clock
from mnemo_server.domain.memories.memory import Changes, revise
from mnemo_server.domain.search.question import Question
from mnemo_server.index.resident.cache import SearchIndex
from mnemo_server.index.segments.entries import EntryRow
from mnemo_server.index.segments.vectors import encode_tokens, encode_vector
from mnemo_server.services.embedding.queue import EmbeddingQueue
from mnemo_server.services.embedding.service import EmbeddingService, Pace
from mnemo_server.services.indexing import index_memory
from mnemo_server.stores.opening import Stores
from mnemo_server.stores.records import WrittenMemory

from server.tests.live.factories import ACTOR, TENANT, make_memory, store
from tests.support.models.hashing_embedder import HashingEmbedder

FAST_PACE = Pace(
    batch_size=8,
    young_us=0,
    busy_seconds=0.01,
    idle_seconds=0.02,
    first_pause_seconds=0.01,
    longest_pause_seconds=0.02,
)


class Server:
    """The parts of a server that store and embed."""

    def __init__(self, stores: Stores, embedder: HashingEmbedder | None, *, queue_size: int = 2_000) -> None:
        self.stores = stores
        self.index = SearchIndex(stores.entries, memory_budget_bytes=1 << 30)
        self.embedding = EmbeddingService(
            embedder,
            stores.vectors,
            self.index,
            system_clock,
            pace=FAST_PACE,
            queue=EmbeddingQueue(queue_size),
        )

    async def store(self, memory_id: int, content: str, **fields: object) -> WrittenMemory:
        written = make_memory(memory_id, content, **fields)
        await store(self.stores, written)
        self.embedding.note((written,))
        return written

    async def update(self, memory_id: int, content: str) -> None:
        written = await self.stores.memories.update(
            TENANT,
            memory_id,
            lambda current: index_memory(
                revise(current, Changes(content=content), agent_id=None, now=system_clock())
            ),
            ACTOR,
        )
        assert written
        self.embedding.note((written,))

    async def entries(self, *memory_ids: int) -> list[EntryRow]:
        return await self.stores.entries.get_entries(TENANT, memory_ids)

    async def find(self, *terms: str) -> list[int]:
        ranking = await self.index.search(TENANT, Question(terms))
        return sorted(int(memory_id) for memory_id in ranking.memory_ids)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.embedding.run())
        try:
            yield
            assert not task.done()
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def until(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds; the timeout of the test is the limit."""
    while not condition():  # noqa: ASYNC110 - the condition has no event
        await asyncio.sleep(0.002)


async def settle(*servers: Server) -> None:
    await until(lambda: all(not server.embedding.backlog for server in servers))


@pytest.fixture
def embedder() -> HashingEmbedder:
    return HashingEmbedder()


@pytest.fixture
def server(stores: Stores, embedder: HashingEmbedder) -> Server:
    return Server(stores, embedder)


async def test_a_stored_memory_gets_its_vector(server: Server, embedder: HashingEmbedder):
    expected = embedder.embed("alpha beta\nt")
    async with server.running():
        await server.store(1, "alpha beta", tags=("t",))
        await settle(server)

    (row,) = await server.entries(1)
    assert (row.model_id, row.vector_code) == (1, encode_vector(expected.vector))
    codes = await server.stores.entries.get_token_codes(TENANT, 1, [1])
    assert codes == {1: encode_tokens(expected.tokens)}


async def test_memories_of_several_tenants_are_embedded_together(server: Server):
    async with server.running():
        for tenant_id in (3, 1, 2):
            await server.store(tenant_id, f"text {tenant_id}", tenant_id=tenant_id)
        await settle(server)

    for tenant_id in (1, 2, 3):
        status = await server.embedding.status(tenant_id)
        assert (status.embedded, status.pending) == (1, 0)


async def test_the_backlog_is_not_empty_until_the_vector_is_written(
    server: Server, embedder: HashingEmbedder
):
    assert server.embedding.backlog == 0
    await server.store(1, "alpha")
    assert server.embedding.backlog == 1
    async with server.running():
        await until(lambda: server.embedding.is_ready)
        embedder.gate.clear()
        await server.store(2, "beta")
        embedder.has_started.clear()
        await server.store(3, "gamma")
        assert server.embedding.backlog > 0
        assert server.embedding.queue_age_seconds >= 0
        embedder.gate.set()
        await settle(server)

    assert [row.model_id for row in await server.entries(1, 2, 3)] == [1, 1, 1]
    assert server.embedding.queue_age_seconds == 0


async def test_five_hundred_memories_are_embedded_after_an_outage_of_the_model(
    stores: Stores, embedder: HashingEmbedder
):
    """More than the queue can contain."""
    server = Server(stores, embedder, queue_size=100)
    embedder.is_down = True
    async with server.running():
        for memory_id in range(1, 501):
            await server.store(memory_id, f"text {memory_id}")
        await until(lambda: server.embedding._live.state == "unavailable")
        assert server.embedding.backlog >= 500
        status = await server.embedding.status(TENANT)
        assert (status.state, status.reason) == ("unavailable", "The model is away.")
        assert (status.embedded, status.pending) == (0, 500)
        embedder.is_down = False
        await settle(server)

    assert await stores.vectors.count_waiting((0,)) == {}
    assert server.embedding.embedded == 500
    assert len(set(embedder.texts)) == 500


async def test_the_model_may_become_unavailable_at_any_time(server: Server, embedder: HashingEmbedder):
    async with server.running():
        await server.store(1, "alpha")
        await settle(server)
        embedder.is_down = True
        await server.store(2, "beta")
        await until(lambda: server.embedding.failed > 0)
        assert not server.embedding.is_ready
        embedder.is_down = False
        await settle(server)

    assert [row.model_id for row in await server.entries(1, 2)] == [1, 1]


async def test_a_memory_updated_during_embedding_gets_the_vector_of_its_new_text(
    server: Server, embedder: HashingEmbedder
):
    async with server.running():
        await until(lambda: server.embedding.is_ready)
        embedder.gate.clear()
        await server.store(1, "alpha")
        await embedder.has_started.wait()
        await server.update(1, "omega")
        embedder.gate.set()
        await settle(server)

    (row,) = await server.entries(1)
    assert row.vector_code == encode_vector(embedder.embed("omega").vector)
    assert row.revision == 2 * 1024 + 1


async def test_a_memory_deleted_during_embedding_gets_no_vector(server: Server, embedder: HashingEmbedder):
    async with server.running():
        await until(lambda: server.embedding.is_ready)
        embedder.gate.clear()
        await server.store(1, "alpha")
        await embedder.has_started.wait()
        await server.stores.memories.delete(TENANT, [1], ACTOR, system_clock())
        embedder.gate.set()
        await settle(server)

    (row,) = await server.entries(1)
    assert (row.is_active, row.vector_code) == (False, None)
    assert await server.stores.entries.get_token_codes(TENANT, 1, [1]) == {}


async def test_a_refused_text_is_marked_and_the_rest_of_its_batch_embedded(
    server: Server, embedder: HashingEmbedder
):
    embedder.refused_word = "omega"
    for memory_id, text in enumerate(["alpha", "omega", "beta", "the omega", "gamma"], start=1):
        await server.store(memory_id, text)
    async with server.running():
        await settle(server)

    rows = await server.entries(1, 2, 3, 4, 5)
    assert {row.model_id for row in rows} == {1}
    assert [row.memory_id for row in rows if row.vector_code is None] == [2, 4]
    status = await server.embedding.status(TENANT)
    assert (status.total, status.embedded, status.refused, status.pending) == (5, 3, 2, 0)
    assert (server.embedding.embedded, server.embedding.refused) == (3, 2)


async def test_memories_left_by_another_server_are_embedded(stores: Stores, embedder: HashingEmbedder):
    """The other server has no model, or was killed."""
    offline, server = Server(stores, None), Server(stores, embedder)
    for memory_id in range(1, 21):
        await offline.store(memory_id, f"text {memory_id}")
    assert offline.embedding.backlog == 0
    async with server.running():
        await until(lambda: server.embedding.embedded == 20)

    assert await stores.vectors.count_waiting((0,)) == {}


async def test_two_servers_write_each_vector_once(stores: Stores):
    servers = [Server(stores, HashingEmbedder()) for _ in range(2)]
    async with servers[0].running(), servers[1].running():
        for memory_id in range(1, 41):
            await servers[memory_id % 2].store(memory_id, f"text {memory_id}")
        await settle(*servers)

    rows = await servers[0].entries(*range(1, 41))
    assert {(row.model_id, row.revision) for row in rows} == {(1, 1025)}
    assert sum(server.embedding.embedded for server in servers) == 40


async def test_another_model_re_embeds_everything_while_searches_continue(stores: Stores):
    old, new = Server(stores, HashingEmbedder("old")), HashingEmbedder("new", 128)
    async with old.running():
        for memory_id in range(1, 41):
            await old.store(memory_id, f"text number{memory_id}")
        await settle(old)

    server, found = Server(stores, new), []
    async with server.running():
        while server.embedding.embedded < 40:
            found.append(len(await server.find("text")))
            await asyncio.sleep(0)
        await settle(server)
        found.append(len(await server.find("text")))
        assert await server.find("number7") == [7]

    assert set(found) == {40}
    rows = await server.entries(*range(1, 41))
    assert {(row.model_id, len(row.vector_code or b"")) for row in rows} == {(2, 16)}
    assert len(await stores.entries.get_token_codes(TENANT, 2, range(1, 41))) == 40


async def test_a_server_with_an_older_model_stops_embedding(stores: Stores):
    """Two servers that re-embed each other's rows would never finish."""
    old, new = Server(stores, HashingEmbedder("old")), Server(stores, HashingEmbedder("new"))
    async with old.running():
        await old.store(1, "alpha")
        await settle(old)
        async with new.running():
            await settle(new)
            await until(lambda: old.embedding._successor is not None)
            await old.store(2, "beta")
            assert old.embedding.backlog == 0
            await until(lambda: new.embedding.embedded == 2)
            status = await old.embedding.status(TENANT)

    assert status.state == "unavailable"
    assert "started with the model new" in (status.reason or "")
    assert old.embedding.embedded == 1
    assert [row.model_id for row in await old.entries(1, 2)] == [2, 2]


async def test_a_server_stopped_during_embedding_loses_nothing(stores: Stores, embedder: HashingEmbedder):
    server = Server(stores, embedder)
    async with server.running():
        await until(lambda: server.embedding.is_ready)
        embedder.gate.clear()
        for memory_id in range(1, 31):
            await server.store(memory_id, f"text {memory_id}")
        await embedder.has_started.wait()

    embedder.gate.set()
    later = Server(stores, embedder)
    async with later.running():
        await until(lambda: later.embedding.embedded == 30)
        await settle(later)

    assert await stores.vectors.count_waiting((0,)) == {}


async def test_embedding_is_retried_after_a_database_failure(server: Server, stores: Stores, monkeypatch):
    write, failures = stores.vectors.write, iter(range(3))

    async def failing_write(*arguments):
        if next(failures, None) is not None:
            raise DatabaseUnavailable("away")
        return await write(*arguments)

    monkeypatch.setattr(stores.vectors, "write", failing_write)
    async with server.running():
        await server.store(1, "alpha")
        await until(lambda: server.embedding.failed == 3)
        assert server.embedding.backlog > 0
        await settle(server)

    assert server.embedding.embedded == 1


async def test_waiting_texts_are_counted_once_after_a_failure(server: Server, stores: Stores, monkeypatch):
    async def failing_write(*_arguments):
        raise DatabaseUnavailable("away")

    for memory_id in range(1, 6):
        await server.store(memory_id, f"text {memory_id}")
    with monkeypatch.context() as patch:
        patch.setattr(stores.vectors, "write", failing_write)
        async with server.running():
            await until(lambda: server.embedding.failed == 15)
            assert server.embedding.backlog == 5


async def test_an_unexpected_error_does_not_stop_embedding(server: Server, embedder: HashingEmbedder):
    async with server.running():
        await until(lambda: server.embedding.is_ready)
        embedder.bug = ZeroDivisionError("a bug")
        await server.store(1, "alpha")
        await until(lambda: server.embedding.failed == 1)
        await server.store(2, "beta")
        await until(lambda: server.embedding.embedded == 2)


async def test_without_a_model_nothing_is_embedded_and_the_status_is_off(stores: Stores):
    server = Server(stores, None)
    await server.store(1, "alpha")
    await server.embedding.run()

    assert server.embedding.backlog == 0
    assert await server.embedding.embed_query(TENANT, "alpha") is None
    status = await server.embedding.status(TENANT)
    assert (status.state, status.total, status.pending) == ("off", 1, 0)


async def test_the_status_names_the_model(server: Server):
    before = await server.embedding.status(TENANT)
    async with server.running():
        await server.store(1, "alpha")
        await settle(server)
    after = await server.embedding.status(TENANT)

    assert (before.state, before.model) == ("loading", None)
    assert (after.state, after.model, after.dimensions, after.reason) == ("ready", "hashing", 64, None)
