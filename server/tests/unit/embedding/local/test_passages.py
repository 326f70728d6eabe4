"""Long texts are split into passages, runs contain passages of similar length, and states become vectors."""

from __future__ import annotations

import numpy as np
from mnemo_server.embedding.local.passages import (
    DOCUMENT_PASSAGES,
    PASSAGE_PIECES,
    RUN_PIECES,
    embed_reading,
    plan_runs,
    read_document,
    read_query,
)
from mnemo_server.embedding.local.wordpiece import load_wordpiece

WORDPIECE = load_wordpiece()


def states_for(reading, seed: int = 1):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal((len(passage), 8)).astype(np.float32) for passage in reading.passages]


def test_a_document_is_read_in_passages_between_start_and_end_tokens():
    reading = read_document(WORDPIECE, "tea " * 300)

    assert [len(passage) for passage in reading.passages] == [PASSAGE_PIECES + 2, 300 - PASSAGE_PIECES + 2]
    assert {passage[0] for passage in reading.passages} == {WORDPIECE.start_id}
    assert {passage[-1] for passage in reading.passages} == {WORDPIECE.end_id}


def test_only_the_beginning_of_a_long_text_is_read():
    assert len(read_document(WORDPIECE, "tea " * 50_000).passages) == DOCUMENT_PASSAGES
    assert len(read_query(WORDPIECE, "tea " * 50_000).passages) == 1


def test_a_text_that_begins_with_many_spaces_has_no_passages():
    """However long the text is, it costs no more than its beginning."""
    assert read_query(WORDPIECE, " " * 20_000 + "tea").passages == []


def test_runs_contain_every_passage_once_with_little_padding():
    lengths = [200, 10, 12, 256, 11, 90, 10, 100]
    runs = list(plan_runs(lengths))

    assert sorted(place for run in runs for place in run) == list(range(len(lengths)))
    assert all(len(run) * max(lengths[place] for place in run) <= RUN_PIECES for run in runs)
    assert runs[0] == [1, 6, 4, 2]


def test_the_vector_is_the_mean_over_all_positions_of_all_passages():
    reading = read_document(WORDPIECE, "tea " * 300)
    states = states_for(reading)
    mean = np.concatenate(states).mean(axis=0)

    embedding = embed_reading(reading, states, 8)

    assert np.allclose(embedding.vector, mean / np.linalg.norm(mean), atol=1e-6)
    assert embedding.tokens.shape == (300, 8)
    assert embedding.words == ("tea",) * 300


def test_tokens_are_the_normalised_states_of_content_words():
    reading = read_query(WORDPIECE, "the gluten-free cake")
    state = states_for(reading)[0]

    embedding = embed_reading(reading, [state], 8)

    assert embedding.words == ("gluten", "gluten", "gluten", "free", "cake")
    content_states = state[[2, 3, 4, 6, 7]]
    assert np.allclose(
        embedding.tokens, content_states / np.linalg.norm(content_states, axis=1, keepdims=True), atol=1e-6
    )
    assert embedding.tokens.dtype == embedding.vector.dtype == np.float32


def test_a_query_of_stop_words_keeps_them_and_a_document_does_not():
    reading = read_query(WORDPIECE, "who is it?")
    states = states_for(reading)

    assert embed_reading(reading, states, 8, is_query=True).words == ("who", "is", "it")
    assert embed_reading(reading, states, 8).words == ()


def test_a_text_without_tokens_has_a_zero_vector():
    embedding = embed_reading(read_query(WORDPIECE, " \x00\n"), [], 8)

    assert not embedding.vector.any()
    assert embedding.vector.shape == (8,)
    assert embedding.tokens.shape == (0, 8)
