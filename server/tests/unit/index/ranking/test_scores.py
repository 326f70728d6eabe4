"""What scores mean, and which parts they consist of."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mnemo_server.domain.search.analysis import analyse
from mnemo_server.domain.search.question import Question, read_question
from mnemo_server.domain.search.traits import describe
from mnemo_server.index.ranking.bm25 import plan_query
from mnemo_server.index.ranking.confidence import BY_KEYWORDS, BY_MEANING, estimate_relevance
from mnemo_server.index.ranking.ranker import EMPTY, draft, rank
from mnemo_server.index.segments.segment import build_segment

from server.tests.unit.index.ranking.reference_ranking import check_scores
from server.tests.unit.index.reference import Document, make_codes, make_row
from server.tests.unit.index.toy_model import ToyModel

MODEL = ToyModel(1, 70)
CALIBRATIONS = [BY_KEYWORDS, BY_MEANING]

_shares = st.floats(-1, 1, allow_nan=False)
_qualities = st.floats(0, 1, allow_nan=False)


def _rank(documents, question, words=None):
    documents = dict(enumerate(documents, 1))
    segment = build_segment([make_row(key, one) for key, one in documents.items()], MODEL.space)
    embedding = None if words is None else MODEL.embed(words)
    return rank(draft(plan_query([segment], question.terms), question, embedding), make_codes(documents, 1))


def _estimate(share, quality, calibration):
    return float(estimate_relevance(np.array([share]), quality, calibration)[0])


@given(_shares, _shares, _qualities, st.sampled_from(CALIBRATIONS))
def test_confidence_grows_with_the_share_of_the_best_score(one, other, quality, calibration):
    low, high = sorted((one, other))
    assert 0 <= _estimate(low, quality, calibration) <= _estimate(high, quality, calibration) <= 1
    if high > max(low, 0) + 0.01:
        assert _estimate(low, quality, calibration) < _estimate(high, quality, calibration)


@given(_shares, _qualities, _qualities, st.sampled_from(CALIBRATIONS))
def test_confidence_grows_with_the_quality_of_the_best_hit(share, one, other, calibration):
    low, high = sorted((one, other))
    assert _estimate(share, low, calibration) <= _estimate(share, high, calibration)


@pytest.mark.parametrize(
    ("calibration", "odds"), [(BY_KEYWORDS, -4.5 + 3.2 + 2.3), (BY_MEANING, -4.4 + 2.1 + 4.2)]
)
def test_the_confidence_of_a_perfect_hit_is_fixed(calibration, odds):
    assert _estimate(1, 1, calibration) == pytest.approx(1 / (1 + math.exp(-odds)))


def test_a_memory_that_covers_the_whole_question_scores_more_than_a_part_of_it():
    question = Question(("red", "car", "garage"))
    whole = _rank([Document(["red", "car", "garage"], set())], question)
    part = _rank([Document(["red", "bread", "oven"], set())], question)
    assert whole.scores[0] > part.scores[0]


_words = st.sampled_from(["tea", "cake", "Oslo", "2023", "May", "E1101", "?", "who", "Ann"])
_texts = st.lists(_words, min_size=1, max_size=6).map(" ".join)
_places = st.one_of(
    st.just((None, None, None)),
    st.tuples(st.sampled_from(["s", "t"]), st.integers(0, 9), st.sampled_from(["Ann", "Bob", "user"])),
)


@given(
    st.lists(st.tuples(_texts, _places, st.booleans()), max_size=12),
    _texts.map("When {}".format),
    st.booleans(),
    st.integers(1, 12),
)
def test_the_parts_of_every_hit_add_up_to_its_score(messages, text, with_vectors, candidate_count):
    documents = []
    for content, place, has_vector in messages:
        words = analyse(content)
        vectors = MODEL.read(words) if words and has_vector else None
        documents.append(Document(words, set(), *place, describe(content), vectors=vectors))
    question = read_question(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mnemo_server.index.ranking.ranker.KEYWORD_CANDIDATES", candidate_count)
        patch.setattr("mnemo_server.index.ranking.ranker.BOTH_CANDIDATES", candidate_count)
        check_scores(_rank(documents, question, question.terms if with_vectors else None))


def test_a_part_can_be_negative():
    messages = [
        Document(analyse(text), set(), "s", seq, speaker, describe(text))
        for seq, (speaker, text) in enumerate(
            [("Ann", "cake?"), ("Bob", "tea and cake"), ("Ann", "Is it tea?")]
        )
    ]
    found = _rank(messages, Question(("tea",)))
    parts = found.explain(found.memory_ids.tolist().index(3))
    assert parts["wording"] < 0
    assert parts["keywords"] > 0
    check_scores(found)


def test_an_unrelated_memory_has_a_score_near_zero_and_an_explanation():
    """A neighbour whose wording lowers its score is no better than an unrelated memory."""
    texts = ["tea", "x", "Is it?"]
    messages = [Document(analyse(text), set(), "s", n, "Ann", describe(text)) for n, text in enumerate(texts)]
    far = [Document(["tea", *["word"] * 40], set(), f"t{n}", 0, "Bob") for n in range(3)]
    found = _rank([*messages, *far], Question(("tea",)))
    check_scores(found)
    nothing = _rank([Document(["bread"], set(), vectors=MODEL.read(["bread"]))], Question(()), ["car"])
    check_scores(nothing)
    assert nothing.scores[0] < 0.01
    assert nothing.explain(0) == {"keywords": nothing.scores[0]}


@pytest.mark.parametrize("words", [None, ["word"]])
def test_hits_after_the_candidates_are_explained_by_keywords(words):
    documents = [Document(["word"] * (1 + n % 9) + ["x"] * 20, set()) for n in range(200)]
    found = _rank(documents, Question(("word",)), words)
    check_scores(found)
    assert len(found.memory_ids) == 200
    assert found.explain(199) == {"keywords": found.scores[199]}
    assert 0 < found.scores[199] < found.scores[0]


def test_the_empty_ranking_has_no_scores():
    assert (EMPTY.memory_ids.tolist(), EMPTY.scores.tolist(), dict(EMPTY.parts)) == ([], [], {})
