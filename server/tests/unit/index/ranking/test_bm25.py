"""BM25: the reference, filters, frequent terms, order."""

from __future__ import annotations

import random

import numpy as np
import pytest
from mnemo_server.domain.search.analysis import analyse, analyse_query
from mnemo_server.index.ranking.bm25 import plan_query
from mnemo_server.index.ranking.scope import Scope
from mnemo_server.index.segments.entries import facet
from mnemo_server.index.segments.segment import build_segment

from server.tests.unit.index.reference import check_matches, make_row


def _segment(documents):
    """Build a segment of {memory_id: (tokens, tags)}."""
    return build_segment([make_row(key, document) for key, document in documents.items()])


def _tags(*groups):
    return Scope([[facet("tag", tag) for tag in group] for group in groups])


def _random_documents(count, seed=0):
    rng = random.Random(seed)
    words = [f"w{n}" for n in range(40)]
    return {
        key: (
            rng.choices(words, range(1, 41), k=rng.randrange(1, 30)),
            set(rng.sample("abc", rng.randrange(3))),
        )
        for key in rng.sample(range(10**9), count)
    }


@pytest.mark.parametrize("count", [1, 10, 700])
@pytest.mark.parametrize("seed", range(5))
def test_scores_equal_the_reference(count, seed):
    """With 700 documents some terms are frequent enough to be dropped."""
    documents = _random_documents(count, seed)
    rng = random.Random(seed)
    for _ in range(10):
        terms = [f"w{rng.randrange(45)}" for _ in range(rng.randrange(1, 7))]
        for groups in ([], [["a"]], [["a", "b"], ["c"]], [["nowhere"]]):
            matches = plan_query([_segment(documents)], terms, _tags(*groups)).match()
            check_matches(matches, documents, terms, groups)


def test_scores_are_bit_identical_however_documents_are_split_into_segments():
    documents = _random_documents(500)
    deleted = {-key: value for key, value in _random_documents(300, seed=1).items()}
    terms = ["w1", "w5", "w20", "w39", "unknown"]
    whole = plan_query([_segment(documents)], terms).match()
    for seed in range(5):
        rng = random.Random(seed)
        segment_of = {key: rng.randrange(6) for key in documents | deleted}
        segments = []
        for segment_number in range(6):
            mixed = {
                key: value
                for key, value in (documents | deleted).items()
                if segment_of[key] == segment_number
            }
            segment = _segment(mixed)
            segments.append(segment.without(np.flatnonzero(segment.memory_ids < 0)))
        spread = plan_query(segments, rng.sample(terms, len(terms))).match()
        assert np.array_equal(spread.memory_ids, whole.memory_ids)
        assert np.array_equal(spread.scores, whole.scores)


def test_equal_scores_put_the_newest_memory_first():
    documents = {key: (["same", "text"], set()) for key in (5, 1, 9, 3)}
    halves = [_segment({5: documents[5], 3: documents[3]}), _segment({1: documents[1], 9: documents[9]})]
    assert plan_query(halves, ["same"]).match().memory_ids.tolist() == [9, 5, 3, 1]


def test_a_frequent_term_is_dropped_only_if_three_others_match():
    documents = {key: (["common", f"rare{key}"], set()) for key in range(1000)}
    segments = [_segment(documents)]
    assert len(plan_query(segments, ["common", "rare1", "rare2", "nowhere"]).match().scores) == 1000
    assert len(plan_query(segments, ["common", "rare1", "rare2", "rare3"]).match().scores) == 3


def test_in_a_small_tenant_no_term_counts_as_frequent():
    documents = {key: (["common", f"rare{key}"], set()) for key in range(50)}
    ranking = plan_query([_segment(documents)], ["common", "rare1", "rare2", "rare3"]).match()
    assert len(ranking.scores) == 50


@pytest.mark.parametrize("terms", [[], ["nowhere"]])
@pytest.mark.parametrize("documents", [{}, {1: (["word"], set())}])
def test_without_matches_the_ranking_is_empty(terms, documents):
    for segments in ([_segment(documents)], []):
        assert plan_query(segments, terms).match().memory_ids.tolist() == []


NEEDLES = {
    1: "the build broke with E1101 in the linter",
    2: "npm start ended with ERR_CONN_RESET behind the proxy",
    3: "tsc says TS2345 for the props",
    4: "windows update failed: 0x80070005",
    5: "we pin libfoo to v2.7.18 since the crash",
    6: "look at src/payments/ledger_writer.py:120 first",
    7: "run it with --no-cache-dir or it fails",
    8: "commit 9f86d081884c7d659a2feaa0c55ad015 broke it",
    9: "昨日は東京タワーに行きました",
    10: "the endpoint is https://billing.example.com/v2/invoices?limit=5",
    11: "call retryWithBackoff around it",
}


@pytest.fixture(scope="module")
def haystack():
    """Twenty thousand memories with words and literals similar to those of the needles."""
    rng = random.Random(3)
    words = [
        "build",
        "broke",
        "linter",
        "proxy",
        "update",
        "failed",
        "crash",
        "commit",
        "endpoint",
        "call",
        "py",
    ]
    texts = dict(NEEDLES)
    for key in range(100, 20_100):
        number = rng.randrange(10_000)
        noise = rng.choice(
            [
                f"E{number}x",
                f"ERR_{number}",
                f"TS{number}9",
                f"src/a{number}/ledger.py",
                f"v2.{number}.18",
                "京都",
            ]
        )
        texts[key] = " ".join([*rng.choices(words, k=9), noise])
    return [_segment({key: (analyse(text), set()) for key, text in texts.items()})]


@pytest.mark.parametrize(
    ("question", "memory_id"),
    [
        ("E1101", 1),
        ("why did I get err_conn_reset", 2),
        ("what was TS2345 about", 3),
        ("0x80070005", 4),
        ("2.7.18", 5),
        ("ledger_writer.py", 6),
        ("src/payments/ledger_writer.py", 6),
        ("--no-cache-dir", 7),
        ("9f86d081884c7d659a2feaa0c55ad015", 8),
        ("東京", 9),
        ("https://billing.example.com/v2/invoices?limit=5", 10),
        ("retryWithBackoff", 11),
    ],
)
def test_a_literal_ranks_first_among_20000(haystack, question, memory_id):
    assert plan_query(haystack, analyse_query(question)).match().memory_ids[0] == memory_id
