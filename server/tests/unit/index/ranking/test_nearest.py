"""The search by vectors, compared with measuring the distance to every one."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mnemo_server.index.ranking import nearest
from mnemo_server.index.ranking.bm25 import plan_query
from mnemo_server.index.ranking.nearest import Probe, find_nearest, measure_closeness
from mnemo_server.index.ranking.scope import EVERYTHING, Scope
from mnemo_server.index.segments.entries import facet
from mnemo_server.index.segments.merge import merge_segments
from mnemo_server.index.segments.segment import build_segment

from server.tests.unit.index.reference import Document, make_row
from server.tests.unit.index.toy_model import ToyModel, Vectors

RED = Scope([[facet("tag", "red")]])


def _random_vector(dimensions, seed):
    """Few seeds yield many equal vectors, which are ordered by age."""
    vector = np.random.default_rng(seed).standard_normal(dimensions).astype(np.float32)
    return vector / np.linalg.norm(vector)


def _document(model, seed, *, tags=()):
    vector = None if seed is None else _random_vector(model.space.dimensions, seed)
    return Document([], set(tags), vectors=Vectors(model.space.model_id, vector, np.empty((0, 1))))


def _segment(documents, model):
    return build_segment([make_row(key, one) for key, one in documents.items()], model.space)


def _find(segments, vector, count, scope=EVERYTHING):
    """Return the ids of the nearest, unordered."""
    query = plan_query(segments, (), scope)
    memory_ids = np.concatenate([segment.memory_ids for segment in query.segments])
    places = find_nearest(query, Probe.of(vector), count)
    assert places.tolist() == sorted(set(places.tolist()))
    return set(memory_ids[places].tolist())


def _expect(documents, model, vector, count):
    steps = np.round(vector * np.float32(4096)).astype(int)
    dots = {
        key: int((np.where(one.vectors.vector > 0, 1, -1) * steps).sum())
        for key, one in documents.items()
        if one.vectors.vector is not None and one.vectors.model_id == model.space.model_id
    }
    return set(sorted(dots, key=lambda key: (-dots[key], -key))[:count])


_seeds = st.one_of(st.none(), st.integers(0, 30))


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([1, 8, 64, 70, 100, 384]),
    st.dictionaries(st.integers(0, 200), st.tuples(_seeds, st.integers(0, 3), st.booleans()), max_size=60),
    st.integers(0, 70),
    st.integers(0, 40),
)
def test_all_vectors_are_measured_if_there_are_few(dimensions, known, count, seed):
    """With and without filters, in any segments, with rows of another model and deleted ones in between."""
    model, other = ToyModel(1, dimensions), ToyModel(2, dimensions)
    vector = _random_vector(dimensions, seed)
    documents = {
        key: _document(other if key % 5 == 4 else model, one, tags=["red"] if is_red else [])
        for key, (one, _, is_red) in known.items()
    }
    live = {key: one for key, one in documents.items() if key % 7}
    segments = []
    for segment_number in range(4):
        part = {key: one for key, one in documents.items() if known[key][1] == segment_number}
        segment = _segment(part, model)
        segments.append(segment.without(np.flatnonzero(segment.memory_ids % 7 == 0)))
    expected = _expect(live, model, vector, count)
    red = _expect({key: one for key, one in live.items() if one.tags}, model, vector, count)
    for pieces in (segments, [merge_segments(segments)], [merge_segments(segments[:2]), *segments[2:]]):
        assert _find(pieces, vector, count) == expected
        assert _find(pieces, vector, count, RED) == red


@pytest.mark.parametrize("few", [0, 2])
def test_scanning_all_rows_or_only_the_matching_ones_finds_the_same(few, monkeypatch):
    """Under a filter, either everything is scanned, or only what matches."""
    monkeypatch.setattr(nearest, "_FEW", few)
    model, rng = ToyModel(1, 70), random.Random(3)
    documents = {
        key: _document(model, rng.randrange(90), tags=rng.choice([["red"], []])) for key in range(300)
    }
    red = {key: one for key, one in documents.items() if one.tags}
    vector = _random_vector(70, 1000)
    assert _find([_segment(documents, model)], vector, 20, RED) == _expect(red, model, vector, 20)


def test_scanning_in_chunks_misses_nothing(monkeypatch):
    monkeypatch.setattr(nearest, "_CHUNK", 7)
    model = ToyModel(1, 70)
    documents = {key: _document(model, key) for key in range(100)}
    vector = _random_vector(70, 1000)
    assert _find([_segment(documents, model)], vector, 20) == _expect(documents, model, vector, 20)


def test_the_nearest_by_signs_are_measured_however_they_are_split_into_segments(monkeypatch):
    """Rows as near by signs as the last one measured are measured too, so their order doesn't matter."""
    monkeypatch.setattr(nearest, "FINE_COUNT", 15)
    model = ToyModel(1, 40)
    documents = {key: _document(model, key % 150) for key in range(400)}
    vector = _random_vector(40, 1000)
    whole = _find([_segment(documents, model)], vector, 10)
    for seed in range(5):
        rng = random.Random(seed)
        segment_of = {key: rng.randrange(6) for key in documents}
        parts = [
            {key: one for key, one in documents.items() if segment_of[key] == segment_number}
            for segment_number in range(6)
        ]
        assert _find([_segment(part, model) for part in parts], vector, 10) == whole
    assert len(whole & _expect(documents, model, vector, 10)) >= 5


def test_a_filter_that_matches_one_of_thousands_finds_it():
    """All others are nearer, and far more of them than are measured."""
    model, vector = ToyModel(1, 64), _random_vector(64, 5)
    documents = {key: _document(model, 5) for key in range(3000)}
    documents[1234] = Document([], {"red"}, vectors=Vectors(1, -vector, np.empty((0, 1))))
    segments = [_segment(documents, model)]
    assert 1234 not in _find(segments, vector, 50)
    assert _find(segments, vector, 50, RED) == {1234}


def test_the_nearest_are_ordered_by_the_angle():
    """Signs alone don't distinguish these two: each differs from the question in one sign."""
    model = ToyModel(1, 4)
    vector = np.array([0.9, 0.4, 0.15, 0.1], dtype=np.float32)
    signs = {1: [1, 1, 1, -1], 2: [-1, 1, 1, 1]}
    documents = {
        key: Document([], set(), vectors=Vectors(1, np.array(one, dtype=np.float32), np.empty((0, 1))))
        for key, one in signs.items()
    }
    assert _find([_segment(documents, model)], vector, 1) == {1}


def test_closeness_approximates_the_cosine():
    model, vector = ToyModel(1, 384), _random_vector(384, 0)
    mixed = [share * vector + (1 - share) * _random_vector(384, 1) for share in (0, 0.3, 0.5, 0.7, 1)]
    mixed = [one / np.linalg.norm(one) for one in mixed]
    documents = {
        key: Document([], set(), vectors=Vectors(1, one, np.empty((0, 1)))) for key, one in enumerate(mixed)
    }
    closeness = measure_closeness(_segment(documents, model).codes, Probe.of(vector))
    assert closeness == pytest.approx([float(one @ vector) for one in mixed], abs=0.1)


@pytest.mark.parametrize("count", [0, 5])
def test_nothing_is_near_without_vectors(count):
    vector = _random_vector(70, 0)
    plain = {1: Document(["word"], set())}
    for segments in (
        [],
        [build_segment([])],
        [_segment({}, ToyModel(1, 70))],
        [_segment(plain, ToyModel(1, 70))],
    ):
        assert _find(segments, vector, count) == set()
    assert _find([build_segment([make_row(1, plain[1])])], vector, count) == set()
