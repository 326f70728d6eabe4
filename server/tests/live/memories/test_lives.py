"""After any history of a tenant, lists, searches, the past and the log match a plain model."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mnemo_server.db.connect import connect
from mnemo_server.db.dsn import parse_dsn
from mnemo_server.db.migrate import migrate
from mnemo_server.domain.ids import IdSource
from mnemo_server.index.resident.cache import SearchIndex
from mnemo_server.services.caller import Caller
from mnemo_server.services.embedding.service import EmbeddingService
from mnemo_server.services.enrichment.scheduler import EnrichmentScheduler
from mnemo_server.services.memories.history import HistoryService
from mnemo_server.services.memories.service import MemoryService
from mnemo_server.services.memories.tags import TagSuggester
from mnemo_server.services.recall.search import RecallSearch
from mnemo_server.services.redaction.requests import Redactor
from mnemo_server.services.search.service import SearchService
from mnemo_server.stores.memories import history as history_store
from mnemo_server.stores.opening import open_stores
from mnemo_server.stores.records import NewKey
from mnemos_contract.errors import MemoryNotFound
from mnemos_contract.history import RestoreRequest
from mnemos_contract.listing import ListQuery
from mnemos_contract.memories import Memory
from mnemos_contract.writing import StoreRequest, UpdateRequest

from server.tests.live.memories.lives import Life, Model

WORDS = ("harbour", "lantern", "meadow")
START = 1_800_000_000_000_000
STEP = 1_000
_tenants = itertools.count(100)

_texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).map(tuple)
_tags = st.lists(st.sampled_from(("red", "blue")), max_size=2, unique=True).map(tuple)
_subjects = st.sampled_from((None, None, "port"))
_projects = st.sampled_from((None, None, None, "atlas"))
_numbers = st.integers(0, 5)  # which memory, of those there are
_steps = st.one_of(
    st.tuples(st.just("store"), _texts, _tags, _subjects, _projects, st.none() | _numbers),
    st.tuples(st.just("store_again"), _numbers, _tags),
    st.tuples(st.just("update"), _numbers, st.none() | _texts, st.none() | _tags),
    st.tuples(st.just("delete"), _numbers),
    st.tuples(st.just("restore"), _numbers, st.none() | _numbers),
)


class Clock:
    """Time goes on by a microsecond whenever somebody looks, and by a step between steps."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        self.now += 1
        return self.now


class World:
    """A server over a database, and the model."""

    def __init__(self, database, tenant_id: int) -> None:
        self.clock = Clock()
        self.model = Model()
        ids = IdSource(self.clock)
        self.stores = stores = open_stores(database, ids, self.clock)
        self.caller = Caller(tenant_id=tenant_id, key_id=1, request_id="r")
        self.index = SearchIndex(stores.entries, memory_budget_bytes=1 << 30, clock=self.clock)
        embedding = EmbeddingService(None, stores.vectors, self.index, self.clock)
        redactor = Redactor(None)
        suggester = TagSuggester(stores.memories, self.index, embedding)
        self.memories = MemoryService(
            stores.memories,
            stores.creator,
            self.index,
            embedding,
            suggester,
            redactor=redactor,
            scheduler=EnrichmentScheduler(self.clock, is_on=False, delay_seconds=0, wake=lambda _: None),
            ids=ids,
            clock=self.clock,
        )
        self.history = HistoryService(stores.history, stores.restorer, self.index, embedding, redactor)
        self.search = SearchService(
            stores.memories,
            stores.history,
            self.index,
            embedding,
            gate=RecallSearch(self.index, embedding, stores.memories),
            clock=self.clock,
        )

    async def apply(self, name: str, *arguments: object) -> None:
        if name == "store" or self.model.lives:
            await getattr(self, name)(*arguments)
        self.model.remember(self.clock.now)
        self.clock.now += STEP

    def pick(self, number: int) -> Life:
        lives = list(self.model.lives.values())
        return lives[number % len(lives)]

    async def store(self, words, tags, subject, project, replaces) -> None:
        replaced = self.pick(replaces) if replaces is not None and self.model.lives else None
        request = StoreRequest(
            content=" ".join(words).capitalize() + ".",
            tags=list(tags),
            subject=subject,
            project=project,
            replaces=replaced and replaced.memory_id,
        )
        if replaced is not None and replaced.state == "deleted":
            with pytest.raises(MemoryNotFound):
                await self.memories.store(self.caller, request, None)
            return
        answer = json.loads((await self.memories.store(self.caller, request, None)).json)
        life = Life(answer["id"], words, tags, subject, project)
        expected_id, superseded = self.model.store(life, replaced and replaced.memory_id)
        assert (answer["id"], set(answer.get("superseded", []))) == (expected_id, superseded)
        assert answer["outcome"] == (
            "created" if expected_id == life.memory_id and life.actions else "duplicate"
        )

    async def store_again(self, number, tags) -> None:
        """Say what a memory says, or said."""
        life = self.pick(number)
        await self.store(life.words, tags, life.subject, life.project, None)

    async def update(self, number, words, tags) -> None:
        life = self.pick(number)
        fields = {} if words is None else {"content": " ".join(words)}
        request = UpdateRequest(**fields, tags=None if tags is None else list(tags))
        if life.state == "deleted":
            with pytest.raises(MemoryNotFound):
                await self.memories.update(self.caller, life.memory_id, request, None)
            return
        await self.memories.update(self.caller, life.memory_id, request, None)
        self.model.update(life, words, tags)

    async def delete(self, number) -> None:
        life = self.pick(number)
        await self.memories.delete(self.caller, life.memory_id)
        self.model.delete(life)

    async def restore(self, number, version) -> None:
        life = self.pick(number)
        wanted = None if version is None else version % len(life.versions) + 1
        await self.history.restore(self.caller, life.memory_id, RestoreRequest(version=wanted), None)
        self.model.restore(life, wanted)

    async def read(self, **query: object) -> list[Memory]:
        """Read everything, three at a time; pages must hang together."""
        found: list[Memory] = []
        while True:
            page = await self.search.find(
                self.caller, ListQuery.model_validate({**query, "limit": 3, "offset": len(found)})
            )
            found += page.memories
            if not page.memories:
                assert page.total == len(found)
                return found

    async def check_now(self) -> None:
        lives = self.model.lives.values()
        await self.check(lambda life: life.is_current)
        await self.check(lambda life: life.state == "active", include_superseded=True)
        await self.check(lambda life: life.is_current and life.subject == "port", subject="port")
        await self.check(lambda life: life.is_current and "red" in life.tags, tags="red")
        for life in lives:
            told = await self.history.read(self.caller, life.memory_id)
            assert [change.action for change in reversed(told.changes)] == life.actions
            assert told.memory.version == len(life.versions)
            assert told.memory.superseded_by == life.superseded_by
            priors = [change.before for change in reversed(told.changes) if change.before]
            assert [words_of(before["content"]) for before in priors] == [
                one for one, _ in life.versions[:-1]
            ]

    async def check(self, holds: Callable[[Life], bool], **query: object) -> None:
        """Compare a list, and a search for each word."""
        expected = {life.memory_id: life for life in self.model.lives.values() if holds(life)}
        listed = await self.read(**query)
        assert [memory.updated_at for memory in listed] == sorted(
            (memory.updated_at for memory in listed), reverse=True
        )
        assert shown(listed) == texts(expected)
        for word in (*WORDS, "red"):
            found = await self.read(q=word, **query)
            assert shown(found) == texts(
                {key: life for key, life in expected.items() if word in (*life.words, *life.tags)}
            ), (word, query)

    async def check_past(self) -> None:
        for then, lives in self.model.past:
            moment = moment_of(then)
            current = {key: life for key, life in lives.items() if life.is_current}
            assert shown(await self.read(as_of=moment)) == texts(current), then
            alive = {key: life for key, life in lives.items() if life.state == "active"}
            assert shown(await self.read(as_of=moment, include_superseded=True)) == texts(alive)
            tagged = {key: life for key, life in current.items() if "red" in life.tags}
            assert shown(await self.read(as_of=moment, tags="red")) == texts(tagged)
            word = WORDS[then % len(WORDS)]
            findable = {
                key: life
                for key, life in current.items()
                if self.model.lives[key].state == "active"
                and word in (*self.model.lives[key].words, *self.model.lives[key].tags)
            }
            assert shown(await self.read(q=word, as_of=moment)) == texts(findable), (word, then)


def words_of(content: str) -> tuple[str, ...]:
    return tuple(content.lower().removesuffix(".").split())


def shown(memories: list[Memory]) -> dict[str, tuple[object, ...]]:
    assert len({memory.id for memory in memories}) == len(memories)
    return {memory.id: (words_of(memory.content), tuple(memory.tags or ())) for memory in memories}


def texts(lives: dict[str, Life]) -> dict[str, tuple[object, ...]]:
    return {key: (life.words, life.tags) for key, life in lives.items()}


def moment_of(microseconds: int) -> str:
    seconds, fraction = divmod(microseconds, 1_000_000)
    assert seconds == START // 1_000_000
    return f"2027-01-15T08:00:00.{fraction:06}Z"


async def live(dsn: str, steps: list[tuple]) -> None:
    database = await connect(parse_dsn(dsn))
    try:
        await migrate(database)
        tenant_id = next(_tenants)
        world = await asyncio.to_thread(World, database, tenant_id)  # reads the SQL files
        await world.stores.tenants.create(tenant_id, "t", NewKey(tenant_id, tenant_id.to_bytes(32)), START)
        for step in steps:
            await world.apply(*step)
        await world.check_now()
        await world.check_past()
        await world.index.close()
    finally:
        await database.close()


@pytest.fixture
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_store, "CHUNK_ROWS", 3)
    monkeypatch.setattr(history_store, "PAGE_ROWS", 2)


@pytest.mark.usefixtures("_small_chunks")
@pytest.mark.timeout(300)
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(_steps, min_size=4, max_size=16))
def test_every_history_is_told_as_it_was(database_dsn: str, steps: list[tuple]):
    asyncio.run(live(database_dsn, steps))
