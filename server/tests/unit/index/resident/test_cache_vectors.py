"""The search index with vectors: which ones it contains, and what happens when the model changes."""

from __future__ import annotations

import asyncio

import pytest
from mnemo_server.domain.search.question import Question
from mnemo_server.index.ranking.scope import EVERYTHING
from mnemo_server.index.resident.cache import SearchIndex

from server.tests.unit.index.toy_model import ToyModel

TENANT = 1
OLD, NEW, THIRD = ToyModel(1, 70), ToyModel(2, 130), ToyModel(3, 70)


def _index(source, model=OLD):
    index = SearchIndex(source, memory_budget_bytes=1 << 30, clock=source.clock)
    if model:
        index.use_model(model.space)
    return index


def _put(source, memory_id, words, model=OLD):
    return source.put(TENANT, memory_id, words, vectors=model and model.read(words))


async def _return(value):
    return value


async def _ids(index, words, model=OLD, *, terms=()):
    """Search by vectors, and by keywords too if there are terms."""
    embedding = _return(model and model.ask(words))
    return (await index.search(TENANT, Question(tuple(terms)), EVERYTHING, embedding)).memory_ids.tolist()


async def _reached_gate(source):
    await asyncio.wait_for(source.reached.wait(), 10)


async def test_vectors_find_memories_that_share_no_word_with_the_question(source):
    _put(source, 1, ["bread"])
    _put(source, 2, ["automobile"])
    index = _index(source)
    assert (await _ids(index, ["car"], terms=["car"]))[0] == 2
    assert source.code_requests == [(1, [1, 2])]


async def test_a_vector_that_is_written_later_is_found_by_the_next_search(source):
    """The worker writes it with a higher revision, here or on another server."""
    _put(source, 1, ["automobile"], model=None)
    index = _index(source)
    assert await _ids(index, ["car"]) == []
    _put(source, 1, ["automobile"])
    assert await _ids(index, ["car"]) == [1]
    index.note(TENANT, [_put(source, 2, ["automobile"])])
    assert await _ids(index, ["car"]) == [2, 1]


async def test_without_an_embedding_only_keywords_are_searched(source):
    _put(source, 1, ["automobile"])
    _put(source, 2, ["car"])
    index = _index(source)
    assert await _ids(index, ["car"], None, terms=["car"]) == [2]
    assert (await index.search(TENANT, Question(("car",)))).memory_ids.tolist() == [2]
    assert await _ids(index, ["car"], None) == []
    assert source.code_requests == []


async def test_an_embedding_of_another_model_is_ignored(source):
    _put(source, 1, ["automobile"])
    _put(source, 2, ["car"])
    index = _index(source)
    assert await _ids(index, ["car"], NEW, terms=["car"]) == [2]
    assert await _ids(_index(source, None), ["car"], OLD, terms=["car"]) == [2]


async def test_rows_of_another_model_are_found_only_by_their_words(source):
    _put(source, 1, ["automobile"], NEW)
    _put(source, 2, ["automobile"], THIRD)
    _put(source, 3, ["bread"])
    index = _index(source)
    assert await _ids(index, ["car"]) == [3]
    assert set((await _ids(index, ["automobile"], terms=["automobile"]))[:2]) == {1, 2}


async def test_after_a_change_of_model_the_next_search_loads_its_vectors(source):
    _put(source, 1, ["automobile"], OLD)
    _put(source, 2, ["automobile"], NEW)
    index = _index(source)
    assert await _ids(index, ["car"]) == [1]
    index.use_model(OLD.space)
    assert await _ids(index, ["car"]) == [1]
    assert source.loaded == [TENANT]
    index.use_model(NEW.space)
    assert index.tenant_count == 0
    assert await _ids(index, ["car"], NEW) == [2]
    assert await _ids(index, ["car"], OLD, terms=["automobile"]) == [2, 1]
    assert source.loaded == [TENANT] * 2


@pytest.mark.parametrize("models", [(NEW,), (NEW, THIRD), (NEW, OLD), (NEW, THIRD, NEW)])
async def test_a_change_of_model_during_a_load_takes_effect(source, models):
    """However often it changes, before each page that is read."""
    for memory_id, model in enumerate((OLD, NEW, THIRD), 1):
        _put(source, memory_id, ["automobile"], model)
    source.load_gate = gate = asyncio.Event()
    index = _index(source)
    search = asyncio.create_task(_ids(index, ["car"], models[-1]))
    for model in models:
        await _reached_gate(source)
        source.reached.clear()
        index.use_model(model.space)
        source.load_gate = following = asyncio.Event()
        gate.set()
        gate = following
    gate.set()
    assert await search == [(OLD, NEW, THIRD).index(models[-1]) + 1]
    assert await _ids(index, ["car"], models[-1]) == await search


async def test_rows_noted_before_and_after_a_change_of_model_during_a_load_are_kept(source):
    source.load_gate = asyncio.Event()
    _put(source, 1, ["automobile"], NEW)
    index = _index(source)
    search = asyncio.create_task(_ids(index, ["car"], NEW))
    await _reached_gate(source)
    index.note(TENANT, [_put(source, 2, ["automobile"], NEW)])
    index.use_model(NEW.space)
    index.note(TENANT, [_put(source, 3, ["automobile"], NEW)])
    source.load_gate.set()
    assert await search == [3, 2, 1]


@pytest.mark.parametrize("gate", ["change_gate", "code_gate"])
async def test_a_running_search_ends_with_the_model_it_started_with(source, gate):
    for memory_id in (1, 2):
        _put(source, memory_id, ["automobile"], OLD)
    _put(source, 3, ["car"], NEW)
    index = _index(source)
    await _ids(index, ["car"])
    _put(source, 2, ["automobile"], OLD)  # its codes have to be read again
    stop = asyncio.Event()
    setattr(source, gate, stop)
    early = asyncio.create_task(_ids(index, ["car"], OLD))
    early_but_new = asyncio.create_task(_ids(index, ["car"], NEW, terms=["car"]))
    await _reached_gate(source)
    index.use_model(NEW.space)
    setattr(source, gate, None)
    assert (await _ids(index, ["car"], NEW)) == [3]
    stop.set()
    assert await early == [2, 1]
    assert await early_but_new == [3]


async def test_the_embedding_is_awaited_while_changes_are_read(source):
    """It may be slow: everything committed before the call is still found."""
    _put(source, 1, ["automobile"])
    index = _index(source)
    await _ids(index, ["car"])
    _put(source, 2, ["automobile"])
    source.change_gate = asyncio.Event()
    embedding = asyncio.get_running_loop().create_future()
    search = asyncio.create_task(index.search(TENANT, Question(()), EVERYTHING, embedding))
    await _reached_gate(source)
    source.change_gate.set()
    embedding.set_result(OLD.ask(["car"]))
    assert (await search).memory_ids.tolist() == [2, 1]


async def test_a_tenant_without_memories_can_be_searched(source):
    index = _index(source)
    assert await _ids(index, ["car"], terms=["car"]) == []
    assert await _ids(index, ["car"]) == []


async def test_two_servers_return_bit_identical_rankings(source):
    """One has followed every write, the other reads the result."""
    writer = _index(source)
    await _ids(writer, ["w1"])
    for n in range(300):
        words = [f"w{n % 7}", f"w{n % 11}", f"w{n % 3}"]
        writer.note(TENANT, [_put(source, n % 200, words, OLD if n % 5 else None)])
        if n % 50 == 0:
            await _ids(writer, ["w1"])
    reader = _index(source)
    for words in (("w1",), ("w1", "w2", "w9"), ("w0", "w10", "none")):
        one, other = [
            await index.search(TENANT, Question(words), EVERYTHING, _return(OLD.ask(words)))
            for index in (writer, reader)
        ]
        assert one.memory_ids.tolist() == other.memory_ids.tolist()
        assert one.scores.tolist() == other.scores.tolist()
