"""After any history of writes by any server, a search equals the reference over the live rows."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mnemo_server.domain.search.question import Question
from mnemo_server.index.ranking import ranker
from mnemo_server.index.ranking.scope import Scope
from mnemo_server.index.resident import segments
from mnemo_server.index.resident.cache import SearchIndex
from mnemo_server.index.segments.entries import facet

from server.tests.unit.index.ranking.reference_ranking import check_ranking
from server.tests.unit.index.toy_model import ToyModel

WORDS = [f"w{n}" for n in range(8)]
TAGS = ["a", "b", "c"]
SECOND = 1_000_000
BEST_COUNT = 8
MODELS = [ToyModel(1, 70), ToyModel(2, 70), ToyModel(3, 64, returns_tokens=False)]


def _some(values, most):
    return st.lists(st.sampled_from(values), min_size=1, max_size=most)


_tenants = st.integers(1, 2)
_ids = st.integers(0, 25)
_words = st.lists(st.sampled_from(WORDS), max_size=6)
_tags = st.lists(st.sampled_from(TAGS), max_size=2)
_messages = st.one_of(
    st.just({}),
    st.fixed_dictionaries(
        {
            "session": st.sampled_from(["s", "t"]),
            "seq": st.integers(0, 9),
            "speaker": st.sampled_from(["Ann", "Bob", "user", "assistant"]),
            "traits": st.integers(0, 31),
        }
    ),
)
_details = st.builds(lambda tags, message: {"tags": tags, **message}, _tags, _messages)
_models = st.sampled_from([*MODELS, None])


def _read(words, model):
    """Return words with their vectors, if any; a model refuses texts without words."""
    return words, model and (model.read(words) if words else model.refuse())


_texts = st.builds(_read, _words, _models)
_questions = st.builds(
    Question,
    terms=st.lists(st.sampled_from(WORDS), max_size=6).map(tuple),
    literals=st.sampled_from([frozenset(), frozenset(WORDS[:2])]),
    words=st.sampled_from([frozenset(), frozenset(["ann"]), frozenset(["ann", "bob"])]),
    asks_when=st.booleans(),
)
_servers = st.integers(0, 2)  # the last one is on another machine: no server here notes its writes
_operations = st.one_of(
    st.tuples(st.just("put"), _tenants, _ids, _texts, _details, _servers),
    st.tuples(st.just("delete"), _tenants, _ids, _servers),
    st.tuples(st.just("fill"), _tenants, st.integers(20, 90), _servers),
    st.tuples(st.just("wait"), st.integers(1, 30)),
    st.tuples(st.just("search"), _tenants, _questions, st.lists(_some(TAGS, 2), max_size=2), _models),
    st.tuples(st.just("forget"), st.integers(0, 1)),
    st.tuples(st.just("use"), st.sampled_from(MODELS)),
)


async def _return(query_vector):
    return query_vector


class _World:
    """Two servers over one database; low limits make merges, threads and evictions frequent."""

    def __init__(self, source):
        self.source = source
        self.model = MODELS[0]
        self.servers = [self._new_server(3000), self._new_server(1 << 30)]

    def _new_server(self, budget):
        server = SearchIndex(self.source, memory_budget_bytes=budget, clock=self.source.clock)
        server.use_model(self.model.space)
        return server

    async def apply(self, name, *arguments):
        await getattr(self, name)(*arguments)
        await asyncio.sleep(0)

    async def put(self, tenant_id, memory_id, text, details, server):
        words, vectors = text
        row = self.source.put(tenant_id, memory_id, words, vectors=vectors, **details)
        self._note(server, tenant_id, [row])

    async def delete(self, tenant_id, memory_id, server):
        self._note(server, tenant_id, [self.source.delete(tenant_id, memory_id)])

    async def fill(self, tenant_id, count, server):
        rows = [
            self.source.put(
                tenant_id, 100 + n, [WORDS[n % 8], WORDS[n % 5]], session="u", seq=n // 2, speaker="Ann"
            )
            for n in range(count)
        ]
        self._note(server, tenant_id, rows)

    async def wait(self, seconds):
        self.source.now += seconds * SECOND

    async def forget(self, server):
        await self.servers[server].close()
        self.servers[server] = self._new_server(3000)

    async def use(self, model):
        self.model = model
        for server in self.servers:
            server.use_model(model.space)

    async def search(self, tenant_id, question, groups, model):
        """Search on every server; a query vector of another model is ignored."""
        query_vector = model.ask([*question.terms, "the"]) if model else None
        embedded = query_vector if model is self.model else None
        required = [[facet("tag", tag) for tag in group] for group in groups]
        for server in self.servers:
            found = await server.search(tenant_id, question, Scope(required), _return(query_vector))
            documents = self.source.documents.get(tenant_id, {})
            check_ranking(found, documents, question, groups, embedded=embedded, best_count=BEST_COUNT)

    def _note(self, server, tenant_id, rows):
        if server < len(self.servers):
            self.servers[server].note(tenant_id, rows)


@pytest.fixture(scope="module", autouse=True)
def _small_limits():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segments, "INLINE_POSTINGS", 60)
        patch.setattr(segments, "TAIL_ROWS", 5)
        patch.setattr(ranker, "KEYWORD_CANDIDATES", BEST_COUNT)
        patch.setattr(ranker, "BOTH_CANDIDATES", BEST_COUNT)
        patch.setattr(segments, "_PRUNE_SLACK", 4)
        yield


@settings(max_examples=150, deadline=None)
@given(st.lists(_operations, max_size=40))
def test_every_search_equals_the_reference_over_the_live_rows(new_source, operations):
    async def run():
        world = _World(new_source())
        for operation in operations:
            await world.apply(*operation)
        for tenant_id in (1, 2):
            await world.search(tenant_id, Question(tuple(WORDS[:3])), [], world.model)
        for server in world.servers:
            await server.close()

    asyncio.run(run())
