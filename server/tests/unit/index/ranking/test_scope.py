"""Filters apply before results are cut off; times are rounded to seconds without losing a match."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mnemo_server.domain.search.question import Question
from mnemo_server.index.ranking.bm25 import plan_query
from mnemo_server.index.ranking.ranker import draft, rank
from mnemo_server.index.ranking.scope import Scope, ScopeFilter
from mnemo_server.index.segments.entries import facet
from mnemo_server.index.segments.segment import build_segment

from server.tests.unit.index.reference import Document, make_codes, make_row
from server.tests.unit.index.toy_model import ToyModel

SECOND = 1_000_000
MODEL = ToyModel(1, 64)
TAGS = ["a", "b", "c"]


def _segment(documents):
    return build_segment([make_row(key, one) for key, one in documents.items()], MODEL.space)


def _find(segments, scope, *, words=("word",)):
    query = plan_query(segments, ["word"], scope)
    return sorted(query.match().memory_ids.tolist()), sorted(_rank(segments, scope, words).tolist())


def _rank(segments, scope, words):
    """Search by vectors alone."""
    chosen = draft(plan_query(segments, (), scope), Question(()), MODEL.embed(words))
    return rank(chosen, {}).memory_ids


_groups = st.lists(st.lists(st.sampled_from([*TAGS, "nowhere"]), max_size=3), max_size=3)
_documents = st.dictionaries(
    st.integers(0, 30), st.tuples(st.sets(st.sampled_from(TAGS)), st.integers(0, 4_000_000)), max_size=30
)
_excluded = st.lists(st.sampled_from([*TAGS, "nowhere"]), max_size=2)
_without = st.lists(st.integers(0, 30), max_size=3)
_times = st.one_of(st.none(), st.integers(-SECOND, 5_000_000))


@given(_documents, _groups, _times, _times, _excluded, _without)
def test_every_condition_applies_to_keywords_and_vectors(  # noqa: PLR0917 - drawn
    known, groups, created_from, created_before, excluded, without
):
    documents = {
        key: Document(["word"], tags, created_at=created_at, vectors=MODEL.read(["word"]))
        for key, (tags, created_at) in known.items()
    }
    halves = [{key: one for key, one in documents.items() if key % 2 == half} for half in (0, 1)]
    required = [[facet("tag", tag) for tag in group] for group in groups]
    expected = [
        key
        for key, (tags, created_at) in sorted(known.items())
        if all(tags & set(group) for group in groups)
        and not tags & set(excluded)
        and key not in without
        and (created_from is None or created_at >= created_from)
        and (created_before is None or created_at < created_before)
    ]
    left_out = [facet("tag", tag) for tag in excluded]
    scope = Scope(required, created_from, created_before, left_out, without)
    found = _find([_segment(half) for half in halves], scope)
    assert found == (expected, expected)


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (Scope(created_from=5 * SECOND), [2, 3, 4]),
        (Scope(created_from=5 * SECOND + 1), [3, 4]),
        (Scope(created_from=6 * SECOND), [4]),
        (Scope(created_before=5 * SECOND), [1]),
        (Scope(created_before=5 * SECOND - 1), []),
        (Scope(created_from=5 * SECOND, created_before=6 * SECOND), [2, 3]),
        (Scope(created_from=7 * SECOND), []),
        (Scope(created_from=-SECOND, created_before=2**70), [1, 2, 3, 4]),
    ],
)
def test_times_are_exact_to_the_microsecond(scope, expected):
    times = {1: 5 * SECOND - 1, 2: 5 * SECOND, 3: 6 * SECOND - 1, 4: 6 * SECOND}
    documents = {
        key: Document(["word"], set(), created_at=created_at, vectors=MODEL.read(["word"]))
        for key, created_at in times.items()
    }
    assert _find([_segment(documents)], scope) == (expected, expected)


@pytest.mark.parametrize(
    "scope",
    [
        Scope([[facet("tag", "red")]]),
        Scope([[facet("tag", "blue"), facet("tag", "red")]]),
        Scope(created_from=100 * SECOND),
        Scope(created_from=100 * SECOND, created_before=101 * SECOND),
        Scope([[facet("tag", "red")], [facet("tag", "big")]], created_from=99 * SECOND),
    ],
)
def test_a_filter_that_matches_one_of_thousands_finds_it(scope):
    """All others rank higher, and far more of them than are scored in context."""
    documents = {
        key: Document(["word", "car"], {"big"}, created_at=9 * SECOND, vectors=MODEL.read(["word", "car"]))
        for key in range(3000)
    }
    documents[77] = Document(
        ["word", *["filler"] * 90],
        {"red", "big"},
        created_at=100 * SECOND,
        vectors=MODEL.read(["filler"]),
    )
    question = Question(("word", "car"))
    for embedding in (None, MODEL.embed(["word", "car"])):
        chosen = draft(plan_query([_segment(documents)], question.terms, scope), question, embedding)
        assert rank(chosen, make_codes(documents, 1)).memory_ids.tolist() == [77]
    assert _rank([_segment(documents)], scope, ["word", "car"]).tolist() == [77]


def test_a_segment_without_excluded_entries_needs_no_mask():
    """The default search excludes superseded memories; that costs nothing where there are none."""
    documents = {key: Document(["word"], {"a"}) for key in range(3)}
    scope = Scope(excluded=[facet("superseded", "yes")])
    assert ScopeFilter(scope).find_allowed(_segment(documents)) is None
