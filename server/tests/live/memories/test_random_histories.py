"""After any history of a tenant, lists, searches, the past and the log equal a simple model."""

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

from server.tests.live.memories.reference import Record, ReferenceModel

WORDS = ("harbour", "lantern", "meadow")
START = 1_800_000_000_000_000
STEP = 1_000
_tenants = itertools.count(100)

_texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).map(tuple)
_tags = st.lists(st.sampled_from(("red", "blue")), max_size=2, unique=True).map(tuple)
_subjects = st.sampled_from((None, None, "port"))
_projects = st.sampled_from((None, None, None, "atlas"))
_numbers = st.integers(0, 5)  # which of the existing memories
_steps = st.one_of(
    st.tuples(st.just("store"), _texts, _tags, _subjects, _projects, st.none() | _numbers),
    st.tuples(st.just("store_again"), _numbers, _tags),
    st.tuples(st.just("update"), _numbers, st.none() | _texts, st.none() | _tags),
    st.tuples(st.just("delete"), _numbers),
    st.tuples(st.just("restore"), _numbers, st.none() | _numbers),
)


class Clock:
    """A clock that advances by a microsecond per reading, and by a step between steps."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        self.now += 1
        return self.now


class World:
    """A server over a database, and the reference model."""

    def __init__(self, database, tenant_id: int) -> None:
        self.clock = Clock()
        self.model = ReferenceModel()
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
        if name == "store" or self.model.records:
            await getattr(self, name)(*arguments)
        self.model.remember(self.clock.now)
        self.clock.now += STEP

    def pick(self, number: int) -> Record:
        records = list(self.model.records.values())
        return records[number % len(records)]

    async def store(self, words, tags, subject, project, replaces) -> None:
        replaced = self.pick(replaces) if replaces is not None and self.model.records else None
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
        response = json.loads((await self.memories.store(self.caller, request, None)).json)
        record = Record(response["id"], words, tags, subject, project)
        expected_id, superseded = self.model.store(record, replaced and replaced.memory_id)
        assert (response["id"], set(response.get("superseded", []))) == (expected_id, superseded)
        assert response["outcome"] == (
            "created" if expected_id == record.memory_id and record.actions else "duplicate"
        )

    async def store_again(self, number, tags) -> None:
        """Store what a memory contains, or contained."""
        record = self.pick(number)
        await self.store(record.words, tags, record.subject, record.project, None)

    async def update(self, number, words, tags) -> None:
        record = self.pick(number)
        fields = {} if words is None else {"content": " ".join(words)}
        request = UpdateRequest(**fields, tags=None if tags is None else list(tags))
        if record.state == "deleted":
            with pytest.raises(MemoryNotFound):
                await self.memories.update(self.caller, record.memory_id, request, None)
            return
        await self.memories.update(self.caller, record.memory_id, request, None)
        self.model.update(record, words, tags)

    async def delete(self, number) -> None:
        record = self.pick(number)
        await self.memories.delete(self.caller, record.memory_id)
        self.model.delete(record)

    async def restore(self, number, version) -> None:
        record = self.pick(number)
        version_number = None if version is None else version % len(record.versions) + 1
        await self.history.restore(
            self.caller, record.memory_id, RestoreRequest(version=version_number), None
        )
        self.model.restore(record, version_number)

    async def read(self, **query: object) -> list[Memory]:
        """Read everything in pages of three, which must be contiguous."""
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
        records = self.model.records.values()
        await self.check(lambda record: record.is_current)
        await self.check(lambda record: record.state == "active", include_superseded=True)
        await self.check(lambda record: record.is_current and record.subject == "port", subject="port")
        await self.check(lambda record: record.is_current and "red" in record.tags, tags="red")
        for record in records:
            history = await self.history.read(self.caller, record.memory_id)
            assert [change.action for change in reversed(history.changes)] == record.actions
            assert history.memory.version == len(record.versions)
            assert history.memory.superseded_by == record.superseded_by
            priors = [change.before for change in reversed(history.changes) if change.before]
            assert [words_of(before["content"]) for before in priors] == [
                one for one, _ in record.versions[:-1]
            ]

    async def check(self, condition: Callable[[Record], bool], **query: object) -> None:
        """Compare a list, and a search for each word, with the reference."""
        expected = {record.memory_id: record for record in self.model.records.values() if condition(record)}
        listed = await self.read(**query)
        assert [memory.updated_at for memory in listed] == sorted(
            (memory.updated_at for memory in listed), reverse=True
        )
        assert shown(listed) == texts(expected)
        for word in (*WORDS, "red"):
            found = await self.read(q=word, **query)
            assert shown(found) == texts(
                {key: record for key, record in expected.items() if word in (*record.words, *record.tags)}
            ), (word, query)

    async def check_past(self) -> None:
        for then, records in self.model.past:
            as_of = to_iso_time(then)
            current = {key: record for key, record in records.items() if record.is_current}
            assert shown(await self.read(as_of=as_of)) == texts(current), then
            alive = {key: record for key, record in records.items() if record.state == "active"}
            assert shown(await self.read(as_of=as_of, include_superseded=True)) == texts(alive)
            tagged = {key: record for key, record in current.items() if "red" in record.tags}
            assert shown(await self.read(as_of=as_of, tags="red")) == texts(tagged)
            word = WORDS[then % len(WORDS)]
            findable = {
                key: record
                for key, record in current.items()
                if self.model.records[key].state == "active"
                and word in (*self.model.records[key].words, *self.model.records[key].tags)
            }
            assert shown(await self.read(q=word, as_of=as_of)) == texts(findable), (word, then)


def words_of(content: str) -> tuple[str, ...]:
    return tuple(content.lower().removesuffix(".").split())


def shown(memories: list[Memory]) -> dict[str, tuple[object, ...]]:
    assert len({memory.id for memory in memories}) == len(memories)
    return {memory.id: (words_of(memory.content), tuple(memory.tags or ())) for memory in memories}


def texts(records: dict[str, Record]) -> dict[str, tuple[object, ...]]:
    return {key: (record.words, record.tags) for key, record in records.items()}


def to_iso_time(microseconds: int) -> str:
    seconds, fraction = divmod(microseconds, 1_000_000)
    assert seconds == START // 1_000_000
    return f"2027-01-15T08:00:00.{fraction:06}Z"


async def run_steps(dsn: str, steps: list[tuple]) -> None:
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
def test_every_history_equals_the_reference_model(database_dsn: str, steps: list[tuple]):
    asyncio.run(run_steps(database_dsn, steps))
