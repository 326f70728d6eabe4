"""A search requests the vector of its query, and neither fails nor waits long when there is none."""

from __future__ import annotations

import asyncio

import pytest
from mnemo_server.domain.clock import MICROSECONDS
from mnemo_server.services.embedding import model
from mnemo_server.services.embedding.model import LiveModel

from tests.support.models.hashing_embedder import HashingEmbedder


class ModelNumbers:
    """Assigns numbers to models."""

    def __init__(self):
        self.registered = []

    async def register_model(self, name, dimensions, _now):
        self.registered.append((name, dimensions))
        return len(self.registered)


class Clock:
    now = 0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def embedder():
    return HashingEmbedder()


@pytest.fixture
def live(embedder, clock):
    return LiveModel(embedder, ModelNumbers(), clock)


async def test_a_query_has_no_vector_before_the_model_is_ready(live):
    assert await live.embed_query("alpha") is None
    assert live.failed_queries == 0


async def test_a_query_gets_its_vector_and_the_number_of_the_model(live, embedder):
    await live.connect()

    question = await live.embed_query("alpha beta")

    assert question.model_id == 1
    assert question.embedding.words == ("alpha", "beta")
    assert (question.embedding.vector == embedder.embed("alpha beta").vector).all()


async def test_a_model_keeps_its_number_and_another_one_gets_its_own(live, embedder):
    await live.connect()
    live.fail("away")
    assert await live.embed_query("alpha") is None
    await live.connect()
    assert (live.state, live.reason, live.model_id) == ("ready", None, 1)

    embedder.model = HashingEmbedder("other").model
    await live.connect()

    assert live.model_id == 2


@pytest.mark.parametrize("bug", [None, ZeroDivisionError("a bug")])
async def test_after_a_failure_the_model_is_not_called_for_a_while(live, embedder, clock, bug):
    await live.connect()
    embedder.is_down, embedder.bug = bug is None, bug
    assert await live.embed_query("alpha") is None
    embedder.is_down = False
    clock.now = 5 * MICROSECONDS - 1
    assert await live.embed_query("alpha") is None
    clock.now += 1
    assert await live.embed_query("alpha") is not None
    assert live.failed_queries == 1


async def test_a_refused_query_does_not_affect_others(live, embedder):
    await live.connect()
    embedder.refused_word = "omega"

    assert await live.embed_query("omega") is None
    assert await live.embed_query("alpha") is not None


async def test_a_model_that_takes_too_long_is_not_waited_for(live, embedder, monkeypatch):
    monkeypatch.setattr(model, "QUERY_SECONDS", 0.01)
    await live.connect()
    embedder.gate.clear()

    assert await live.embed_query("alpha") is None
    assert live.failed_queries == 1


async def test_a_cancelled_search_cancels_its_embedding(live, embedder):
    await live.connect()
    embedder.gate.clear()
    task = asyncio.create_task(live.embed_query("alpha"))
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_failures_are_logged_once_a_minute_without_the_query(live, embedder, clock, monkeypatch):
    lines = []
    monkeypatch.setattr(
        model._log,
        "warning",
        lambda *words, **values: lines.append(str((words, values))),
        raising=False,
    )
    await live.connect()
    embedder.is_down = True
    for second in range(0, 120, 5):
        clock.now = second * MICROSECONDS
        await live.embed_query("secret")

    assert live.failed_queries == 24
    assert len(lines) == 2
    assert "secret" not in "".join(lines)
