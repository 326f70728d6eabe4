"""An endpoint with OpenAI's API is called in batches and retried, and its responses are checked."""

from __future__ import annotations

import asyncio
import logging
import traceback
from base64 import b64encode

import numpy as np
import pytest
from mnemo_server.domain.tokens import bound_tokens
from mnemo_server.embedding.ports import (
    EmbedderUnavailable,
    EmbeddingError,
    EmbeddingRefused,
    Model,
    OverBudget,
)
from mnemo_server.embedding.remote.openai_compatible import OpenAiEmbedder
from mnemo_server.embedding.remote.openai_endpoint import Endpoint
from mnemo_server.embedding.remote.responses import TEXT_BYTES, cut_text
from mnemo_server.openai_client import Patience

KEY = "sk-hunter2"
ATTEMPTS = 3


@pytest.fixture
async def make_embedder(fake):
    embedders = []

    def make(seconds: float = 30, **fields) -> OpenAiEmbedder:
        patience = Patience(seconds, attempts=ATTEMPTS, first_pause_seconds=0.001)
        endpoint = Endpoint(**{"model": "m", "base_url": fake.base_url, "api_key": KEY} | fields)
        embedders.append(OpenAiEmbedder(endpoint, for_documents=patience, for_queries=patience))
        return embedders[-1]

    yield make
    for embedder in embedders:
        await embedder.close()


@pytest.fixture
def embedder(make_embedder) -> OpenAiEmbedder:
    return make_embedder()


def normalised(*values: float):
    vector = np.array(values, np.float32)
    return vector / np.linalg.norm(vector)


async def test_the_dimensions_are_found_with_one_word(embedder, fake):
    model = await embedder.prepare()
    await embedder.prepare()

    assert model == Model(f"openai:{fake.base_url.removeprefix('http://').removesuffix('/v1')}/m", 4)
    assert [request["input"] for request in fake.requests] == [["memory"]]
    assert fake.keys == [f"Bearer {KEY}"]


def test_only_hosts_other_than_openais_are_part_of_the_name():
    assert Endpoint("text-embedding-3-small").name == "openai:text-embedding-3-small"
    named = Endpoint("nomic", "http://user:hunter2@box.example:11434/v1").name
    assert named == "openai:box.example:11434/nomic"


async def test_documents_are_returned_in_their_order_with_norm_one(embedder):
    embeddings = await embedder.embed_documents(["a", "bbb", " "])

    assert np.allclose(embeddings[0].vector, normalised(1, 2, -3, 4))
    assert np.allclose(embeddings[1].vector, normalised(3, 2, -3, 4))
    assert not embeddings[2].vector.any()
    assert all(embedding.vector.dtype == np.float32 for embedding in embeddings)
    assert all(embedding.tokens.shape == (0, 4) and embedding.words == () for embedding in embeddings)


async def test_many_documents_take_several_requests(embedder, fake):
    await embedder.prepare()
    await embedder.embed_documents(["tea"] * 100)
    await embedder.embed_documents(["x" * TEXT_BYTES] * 40)

    assert [len(request["input"]) for request in fake.requests] == [1, 64, 36, 32, 8]


async def test_blank_texts_are_not_sent(embedder, fake):
    await embedder.prepare()

    assert not (await embedder.embed_query(" \n")).vector.any()
    assert not (await embedder.embed_documents([""]))[0].vector.any()
    assert len(fake.requests) == 1


async def test_a_long_text_is_truncated(embedder, fake):
    await embedder.embed_query("word " * 40_000)

    assert len(fake.requests[-1]["input"][0]) == TEXT_BYTES


@pytest.mark.parametrize("text", ["中" * 9_000, "🎉" * 9_000, "a" + "é" * 9_000, "\ud800" * 9_000])
def test_a_text_is_truncated_between_characters(text: str):
    cut = cut_text(text)

    assert TEXT_BYTES - 4 < len(cut.encode()) <= TEXT_BYTES
    assert text.encode("utf-8", "replace").decode().startswith(cut)


async def test_dimensions_are_requested_only_when_set(make_embedder, fake):
    await make_embedder().prepare()
    await make_embedder(dimensions=4).prepare()

    assert "dimensions" not in fake.requests[0]
    assert fake.requests[1]["dimensions"] == 4


async def test_unexpected_dimensions_are_refused(make_embedder):
    with pytest.raises(EmbeddingRefused, match="of 4 dimensions, but MNEMO_EMBED_DIMS is 8"):
        await make_embedder(dimensions=8).prepare()


@pytest.mark.parametrize("status", [429, 500, 503, 408])
async def test_a_temporary_failure_is_retried(embedder, fake, status: int):
    fake.respond_next(status, {"error": {"message": "later"}}, retry_after="0")

    assert (await embedder.embed_query("a")).vector.any()
    assert len(fake.requests) == 3


async def test_a_permanent_failure_is_reported_after_the_last_attempt(embedder, fake):
    for _ in range(ATTEMPTS):
        fake.respond_next(500, "broken")

    with pytest.raises(EmbedderUnavailable, match="status 500"):
        await embedder.prepare()
    assert len(fake.requests) == ATTEMPTS
    assert (await embedder.prepare()).dimensions == 4


async def test_an_endpoint_that_hangs_times_out(make_embedder, fake):
    embedder = make_embedder(seconds=0.05)
    fake.is_hanging = True

    with pytest.raises(EmbedderUnavailable, match=r"within 0\.05 seconds|can't be reached"):
        await embedder.prepare()


async def test_a_retry_after_beyond_the_time_limit_is_not_waited_for(make_embedder, fake):
    embedder = make_embedder(seconds=0.3)
    for _ in range(ATTEMPTS):
        fake.respond_next(429, {}, retry_after="3600")

    with pytest.raises(EmbedderUnavailable):
        await embedder.prepare()
    assert len(fake.requests) == 1


async def test_an_unreachable_address_is_reported(make_embedder, unused_tcp_port):
    with pytest.raises(EmbedderUnavailable, match="can't be reached"):
        await make_embedder(base_url=f"http://127.0.0.1:{unused_tcp_port}/v1").prepare()


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_wrong_settings_are_refused_at_once_without_showing_the_key(
    embedder, fake, status: int, caplog
):
    fake.respond_next(status, {"error": {"message": f"Incorrect API key provided: {KEY}"}})

    with pytest.raises(EmbeddingRefused, match="check MNEMO_EMBED_API_KEY") as refusal:
        await embedder.prepare()
    assert KEY not in "".join(traceback.format_exception(refusal.value))
    assert KEY not in caplog.text + repr(embedder._endpoint)
    assert len(fake.requests) == 1


async def test_a_key_that_becomes_invalid_is_no_refusal_of_the_texts(embedder, fake):
    await embedder.prepare()
    fake.respond_next(401, {})

    with pytest.raises(EmbedderUnavailable, match="check MNEMO_EMBED_API_KEY"):
        await embedder.embed_documents(["a"])


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_refused_text_is_reported(embedder, fake, status: int):
    await embedder.prepare()
    fake.respond_next(status, {"error": {"message": "input too long"}})

    with pytest.raises(EmbeddingRefused, match=f"status {status}"):
        await embedder.embed_documents(["a"])


@pytest.mark.parametrize(
    "body",
    [
        "{not json",
        "[" * 100_000,
        "null",
        "{}",
        '{"data": 7}',
        '{"data": [{"embedding": [1, 2, 3, 4]}]}',
        '{"data": [{"index": 1e999, "embedding": [1, 2, 3, 4]}]}',
        {"data": []},
        {"data": [{"index": 1, "embedding": [1, 2, 3, 4]}]},
        {"data": [{"index": 0, "embedding": [1]}, {"index": 1, "embedding": [1]}]},
        '{"data": [{"index": 0, "embedding": [NaN, 1, 1, 1]}]}',
        '{"data": [{"index": 0, "embedding": [1e300, 1, 1, 1]}]}',
        {"data": [{"index": 0, "embedding": [1, 2, 3]}]},
        {"data": [{"index": 0, "embedding": [0, 0, 0, 0]}]},
        {"data": [{"index": 0, "embedding": [[1, 2, 3, 4]]}]},
        {"data": [{"index": 0, "embedding": ["a", "b", "c", "d"]}]},
        {"data": [{"index": 0, "embedding": [None, None, None, None]}]},
        {"data": [{"index": 0, "embedding": []}]},
        {"data": [{"index": 0, "embedding": None}]},
    ],
    ids=range(19),
)
async def test_an_invalid_response_is_rejected(embedder, fake, body):
    await embedder.prepare()
    fake.respond_next(200, body)

    with pytest.raises(EmbedderUnavailable, match="returned"):
        await embedder.embed_query("a")


@pytest.mark.parametrize(
    "address", ["", "box:1", "ftp://box/v1", "http://", "http://box:port/v1", "http://[::1/v1", "http://a b"]
)
async def test_an_invalid_base_url_is_refused(make_embedder, address: str):
    if address:
        with pytest.raises(EmbeddingRefused, match="MNEMO_EMBED_BASE_URL"):
            await make_embedder(base_url=address).prepare()
    else:
        assert Endpoint("m", address).name == "openai:m"


@pytest.mark.parametrize("key", ["sk-\nhunter2", "schlüssel"])
async def test_a_key_that_cannot_be_sent_is_refused_without_being_shown(make_embedder, key: str):
    with pytest.raises(EmbeddingRefused, match="MNEMO_EMBED_API_KEY") as refusal:
        await make_embedder(api_key=key).prepare()
    assert key not in str(refusal.value)


async def test_a_self_hosted_endpoint_needs_no_key(make_embedder):
    assert (await make_embedder(api_key=None).prepare()).dimensions == 4


async def test_variables_of_the_openai_client_are_ignored(make_embedder, fake, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-other")
    monkeypatch.setenv("OPENAI_ORG_ID", "other")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    await make_embedder(api_key=None).prepare()

    assert fake.keys == ["Bearer none"]
    assert fake.organizations == [None]


async def test_a_query_does_not_wait_for_documents(embedder, fake):
    await embedder.prepare()
    fake.is_hanging = True
    documents = asyncio.create_task(embedder.embed_documents(["a"]))
    await asyncio.wait_for(fake.hanging.wait(), 30)
    fake.is_hanging = False

    assert (await embedder.embed_query("b")).vector.any()
    assert not documents.done()
    fake.release.set()
    assert len(await documents) == 1


async def test_nothing_is_sent_after_close(embedder, fake):
    await embedder.prepare()
    await embedder.close()

    with pytest.raises(EmbedderUnavailable, match="closed"):
        await embedder.embed_query("a")
    assert len(fake.requests) == 1


async def test_a_password_in_the_url_is_sent_and_never_logged(make_embedder, fake, caplog):
    caplog.set_level(logging.DEBUG)
    address = fake.base_url.replace("http://", "http://me:hunter%2B2@")
    embedder = make_embedder(base_url=address)
    await embedder.prepare()

    assert fake.keys == [f"Basic {b64encode(b'me:hunter+2').decode()}"]
    assert fake.base_url in caplog.text
    assert "hunter" not in caplog.text + repr(embedder._endpoint)


async def test_the_meter_settles_the_usage_that_the_endpoint_reports(embedder, fake, meter):
    await embedder.prepare()
    fake.respond_with_usage({"prompt_tokens": 7, "total_tokens": 7})
    fake.respond_with_usage({"total_tokens": 2})
    await embedder.embed_documents(["tea for two", "and two for tea"], meter)
    await embedder.embed_query("tea", meter)

    expected = [bound_tokens("tea for two") + bound_tokens("and two for tea"), bound_tokens("tea")]
    assert meter.reserved == expected
    assert (meter.settled, meter.released) == ([7, 2], 0)


@pytest.mark.parametrize(
    "usage",
    [None, [], 7, {"prompt_tokens": 7}]
    + [{"total_tokens": count} for count in (0, -1, "7", True, 7.5, 2**40, None)],
    ids=range(11),
)
async def test_without_valid_usage_the_reserved_tokens_are_charged(embedder, fake, meter, usage):
    await embedder.prepare()
    fake.respond_with_usage(usage)
    await embedder.embed_query("tea", meter)

    assert meter.settled == [None]


async def test_nothing_is_sent_over_budget(embedder, fake, meter):
    await embedder.prepare()
    meter.allowed = 0

    with pytest.raises(OverBudget):
        await embedder.embed_documents(["a", "b"], meter)
    with pytest.raises(OverBudget):
        await embedder.embed_query("a", meter)
    assert len(fake.requests) == 1


async def test_thirty_two_long_texts_are_reserved_at_once(embedder, meter):
    """So that no part of them is paid for in vain if the rest is over budget."""
    await embedder.prepare()
    await embedder.embed_documents(["x" * TEXT_BYTES] * 32, meter)

    assert len(meter.reserved) == 1


async def test_blank_texts_cost_nothing(embedder, meter):
    await embedder.embed_documents(["", " "], meter)
    await embedder.embed_query(" ", meter)

    assert meter.reserved == []


async def test_each_attempt_reserves_tokens_and_rejected_ones_release_them(embedder, fake, meter):
    await embedder.prepare()
    fake.respond_next(429, {}, retry_after="0")
    fake.respond_next(503, {}, retry_after="0")
    await embedder.embed_query("tea", meter)

    assert len(meter.reserved) == 3
    assert (meter.settled, meter.released) == ([None], 2)


async def test_an_attempt_over_budget_is_not_made(embedder, fake, meter):
    await embedder.prepare()
    fake.respond_next(429, {}, retry_after="0")
    meter.allowed = bound_tokens("tea")

    with pytest.raises(OverBudget):
        await embedder.embed_query("tea", meter)
    assert len(fake.requests) == 2


@pytest.mark.parametrize("status", [400, 401, 500])
async def test_a_request_that_is_refused_for_good_costs_nothing(embedder, fake, meter, status: int):
    await embedder.prepare()
    for _ in range(ATTEMPTS):
        fake.respond_next(status, {})

    with pytest.raises(EmbeddingError):
        await embedder.embed_documents(["a"], meter)
    assert meter.released == len(meter.reserved)
    assert meter.settled == []


async def test_a_request_that_was_never_sent_costs_nothing(embedder, meter, unused_tcp_port):
    await embedder.prepare()
    embedder._client.base_url = f"http://127.0.0.1:{unused_tcp_port}/v1"

    with pytest.raises(EmbedderUnavailable, match="can't be reached"):
        await embedder.embed_query("a", meter)
    assert meter.released == len(meter.reserved) == ATTEMPTS


async def test_a_request_without_a_response_counts_as_spent(make_embedder, fake, meter):
    """It is unknown whether the endpoint processed and billed it."""
    embedder = make_embedder(seconds=0.5)
    await embedder.prepare()
    fake.is_hanging = True

    with pytest.raises(EmbedderUnavailable):
        await embedder.embed_query("a", meter)
    assert meter.open == len(meter.reserved) > 0


async def test_an_invalid_response_is_charged(embedder, fake, meter):
    await embedder.prepare()
    fake.respond_next(200, "{}")

    with pytest.raises(EmbedderUnavailable):
        await embedder.embed_query("a", meter)
    assert meter.settled == [None]
