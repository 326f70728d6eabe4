"""TiDB Cloud's EMBED_TEXT: it is tried before use, and refused where it doesn't exist."""

from __future__ import annotations

import numpy as np
import pytest
from mnemo_server.db.errors import DatabaseError, DatabaseUnavailable
from mnemo_server.domain.tokens import estimate_tokens
from mnemo_server.embedding.ports import EmbedderUnavailable, EmbeddingRefused, Model, OverBudget
from mnemo_server.embedding.remote.embed_text import EmbedTextEmbedder

MODEL = "tidbcloud_free/amazon/titan-embed-text-v2"


class FakeDatabase:
    """Answers the one query like TiDB Cloud, or with what a test sets."""

    variant = "mysql"

    def __init__(self, engine: str = "tidb") -> None:
        self.engine = engine
        self.embedded_texts = []
        self.row = None

    async def fetch_one(self, query, params):
        assert "VEC_AS_TEXT(EMBED_TEXT(" in query.text
        assert query.prepared is None
        assert params["model"] == MODEL
        self.embedded_texts.append(params["text"])
        if isinstance(self.row, Exception):
            raise self.row
        return self.row or {"vector": f"[{len(params['text'])},0,-1]"}


@pytest.fixture
def database() -> FakeDatabase:
    return FakeDatabase()


@pytest.fixture
def embedder(database) -> EmbedTextEmbedder:
    return EmbedTextEmbedder(database, MODEL)


async def test_the_function_is_tried_once(embedder, database):
    assert await embedder.prepare() == await embedder.prepare() == Model(f"tidb:{MODEL}", 3)
    assert database.embedded_texts == ["memory"]


async def test_texts_become_normalised_vectors_in_their_order(embedder):
    first, blank, last = await embedder.embed_documents(["a", " ", "abc"])

    assert np.allclose(first.vector, np.array([1, 0, -1]) / np.sqrt(2))
    assert np.allclose(last.vector, np.array([3, 0, -1]) / np.sqrt(10))
    assert not blank.vector.any()
    assert first.tokens.shape == (0, 3)


async def test_a_database_without_the_function_is_refused(embedder, database):
    database.row = DatabaseError("embed_text: the database returned error 1305.")

    with pytest.raises(EmbeddingRefused, match=r"can't embed texts with EMBED_TEXT .*1305"):
        await embedder.prepare()


@pytest.mark.parametrize("engine", ["sqlite", "mysql", "mariadb"])
async def test_other_engines_are_refused_without_a_query(engine: str):
    database = FakeDatabase(engine)

    with pytest.raises(EmbeddingRefused, match=f"it is {engine}"):
        await EmbedTextEmbedder(database, MODEL).prepare()
    assert database.embedded_texts == []


async def test_an_outage_at_the_start_is_temporary(embedder, database):
    database.row = DatabaseUnavailable("gone")
    with pytest.raises(EmbedderUnavailable, match="gone"):
        await embedder.prepare()
    database.row = None

    assert (await embedder.prepare()).dimensions == 3


async def test_an_error_after_the_start_is_no_refusal_of_the_text(embedder, database):
    await embedder.prepare()
    database.row = DatabaseError("embed_text: the database returned error 1105.")

    with pytest.raises(EmbedderUnavailable, match="1105"):
        await embedder.embed_documents(["a"])


@pytest.mark.parametrize("value", [None, "", "[", "7", "[1,2]", "[0,0,0]", '["a"]', 7])
async def test_an_invalid_vector_is_rejected(embedder, database, value):
    await embedder.prepare()
    database.row = {"vector": value}

    with pytest.raises(EmbedderUnavailable, match="returned"):
        await embedder.embed_query("a")


async def test_the_estimated_tokens_of_all_texts_are_reserved_together(embedder, database, meter):
    await embedder.prepare()
    await embedder.embed_documents(["tea", " ", "for two"], meter)
    await embedder.embed_documents([" "], meter)

    assert meter.reserved == meter.settled == [estimate_tokens("tea") + estimate_tokens("for two")]
    meter.allowed = 0
    with pytest.raises(OverBudget):
        await embedder.embed_documents(["tea", "for two"], meter)
    assert database.embedded_texts == ["memory", "tea", "for two"]


async def test_only_texts_that_were_sent_are_charged_when_the_database_fails(embedder, database, meter):
    await embedder.prepare()
    database.row = DatabaseUnavailable("gone")

    with pytest.raises(EmbedderUnavailable):
        await embedder.embed_documents(["tea", "for two"], meter)
    assert meter.settled == [estimate_tokens("tea")]
