"""Embeddings as seen by clients: what the API and the metrics report."""

from __future__ import annotations

import asyncio
import re

import pytest

from tests.support.models.hashing_embedder import HashingEmbedder

MEMORIES = "/v1alpha2/mem9s/memories"
STATUS = "/v1alpha2/mem9s/embedding"


@pytest.fixture
def embedder() -> HashingEmbedder:
    return HashingEmbedder()


async def read_metrics(app) -> dict[str, float]:
    async with app.client.get("/metrics") as response:
        lines = re.findall(r"^(mnemo_\w+) (\S+)$", await response.text(), re.MULTILINE)
    return {name: float(value) for name, value in lines}


async def wait_for_embeddings(app) -> None:
    while (await read_metrics(app))["mnemo_embedding_backlog"]:  # noqa: ASYNC110 - asked over HTTP
        await asyncio.sleep(0.01)


async def test_a_memory_and_the_messages_of_a_session_are_embedded(open_app, embedder):
    app = await open_app(embedder=embedder)
    await app.call("POST", MEMORIES, json={"content": "alpha", "tags": ["t"]})
    messages = [{"role": "user", "content": "beta"}, {"role": "assistant", "content": "gamma"}]
    await app.call("POST", MEMORIES, json={"session_id": "s", "messages": messages})
    await wait_for_embeddings(app)

    status, response, _ = await app.call("GET", STATUS)

    assert status == 200
    assert response == {
        "state": "ready",
        "model": "hashing",
        "dimensions": 64,
        "total": 3,
        "embedded": 3,
        "pending": 0,
        "refused": 0,
    }


async def test_an_updated_memory_is_embedded_again(open_app, embedder):
    app = await open_app(embedder=embedder)
    _, stored, _ = await app.call("POST", MEMORIES, json={"content": "alpha"})
    await wait_for_embeddings(app)
    await app.call("PUT", f"{MEMORIES}/{stored['id']}", json={"content": "omega"})
    await wait_for_embeddings(app)

    assert embedder.texts == ["alpha", "omega"]


async def test_a_restored_memory_is_embedded_again(open_app, embedder):
    app = await open_app(embedder=embedder)
    _, stored, _ = await app.call("POST", MEMORIES, json={"content": "alpha"})
    await wait_for_embeddings(app)
    await app.call("DELETE", f"{MEMORIES}/{stored['id']}")
    await app.call("POST", f"{MEMORIES}/{stored['id']}/restore", json={})
    await wait_for_embeddings(app)

    assert embedder.texts == ["alpha", "alpha"]
    assert (await app.call("GET", STATUS))[1]["embedded"] == 1


async def test_superseding_and_undoing_it_keep_the_vectors(open_app, embedder):
    app = await open_app(embedder=embedder)
    _, old, _ = await app.call("POST", MEMORIES, json={"content": "alpha", "subject": "s"})
    await wait_for_embeddings(app)
    await app.call("POST", MEMORIES, json={"content": "beta", "subject": "s"})
    await wait_for_embeddings(app)
    await app.call("POST", f"{MEMORIES}/{old['id']}/restore", json={})
    await wait_for_embeddings(app)

    assert embedder.texts == ["alpha", "beta"]
    _, status, _ = await app.call("GET", STATUS)
    assert (status["embedded"], status["pending"]) == (2, 0)
    _, page, _ = await app.call("GET", f"{MEMORIES}?q=alpha")
    assert [one["content"] for one in page["memories"]] == ["alpha"]


async def test_metrics_show_stored_memories_without_a_vector(open_app, embedder):
    embedder.gate.clear()
    app = await open_app(embedder=embedder)
    status, _, _ = await app.call("POST", MEMORIES, json={"content": "alpha"})
    waiting = await read_metrics(app)
    embedder.gate.set()
    await wait_for_embeddings(app)
    done = await read_metrics(app)

    assert status == 202
    assert (waiting["mnemo_embedding_backlog"], waiting["mnemo_embedder_ready"]) == (1, 0)
    assert waiting["mnemo_embedding_queue_age_seconds"] >= 0
    assert (done["mnemo_embedder_ready"], done["mnemo_embedding_embedded_total"]) == (1, 1)
    assert (done["mnemo_embedding_refused_total"], done["mnemo_embedding_failed_total"]) == (0, 0)
    assert done["mnemo_embedding_failed_queries_total"] == 0


async def test_metrics_count_loads_refreshes_and_evictions_of_the_index(open_app):
    app = await open_app()
    await app.call("GET", MEMORIES, params={"q": "alpha"})
    metrics = await read_metrics(app)

    assert metrics["mnemo_index_loads_total"] == 1
    assert metrics["mnemo_index_refreshes_total"] == 1
    assert metrics["mnemo_index_evictions_total"] == 0


async def test_metrics_count_hits_and_misses_of_the_token_code_cache(open_app, embedder):
    app = await open_app(embedder=embedder)
    await app.call("POST", MEMORIES, json={"content": "alpha"})
    await wait_for_embeddings(app)
    for _ in range(3):
        await app.call("GET", MEMORIES, params={"q": "alpha"})
    metrics = await read_metrics(app)

    assert (metrics["mnemo_index_code_misses_total"], metrics["mnemo_index_code_hits_total"]) == (1, 2)
    assert metrics["mnemo_index_code_bytes"] > 0


async def test_without_a_model_the_state_is_off(open_app):
    app = await open_app()
    await app.call("POST", MEMORIES, json={"content": "alpha"})

    _, response, _ = await app.call("GET", STATUS)

    assert response == {"state": "off", "total": 1, "embedded": 0, "pending": 0, "refused": 0}
    assert (await read_metrics(app))["mnemo_embedding_backlog"] == 0


async def test_the_embedding_status_requires_a_key(open_app):
    app = await open_app()
    async with app.client.get(STATUS) as response:
        assert response.status == 400
    status, _, _ = await app.call("GET", STATUS, headers={"X-API-Key": "mnk_unknown"})
    assert status == 400
