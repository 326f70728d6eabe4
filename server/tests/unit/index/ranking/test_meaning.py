"""How vectors change a ranking, and what they must not change."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mnemo_server.domain.search.question import Question, read_question
from mnemo_server.index.ranking import ranker
from mnemo_server.index.ranking.bm25 import plan_query
from mnemo_server.index.ranking.ranker import draft, rank
from mnemo_server.index.ranking.scope import Scope
from mnemo_server.index.segments.entries import facet
from mnemo_server.index.segments.merge import merge_segments
from mnemo_server.index.segments.segment import build_segment

from server.tests.unit.index.ranking.reference_ranking import check_ranking, check_scores
from server.tests.unit.index.reference import Document, make_codes, make_row
from server.tests.unit.index.toy_model import ToyModel

MODEL, OTHER, PLAIN = ToyModel(1, 100), ToyModel(2, 100), ToyModel(1, 100, returns_tokens=False)
WORDS = [f"w{n}" for n in range(60)]


def _statement(*words, model=MODEL):
    """Return a memory without a session."""
    return Document(list(words), set(), vectors=model and model.read(words))


def _segment(documents, model=MODEL):
    return build_segment([make_row(key, one) for key, one in documents.items()], model.space)


def _search(segments, codes, question, embedded, required=()):
    query = plan_query(segments, question.terms, Scope(required))
    return rank(draft(query, question, embedded and embedded.embedding), codes)


def _find(documents, words, *, question=None, model=MODEL):
    """Number documents from 1 and return the ids that a search for words finds."""
    documents = dict(enumerate(documents, 1))
    codes = make_codes(documents, model.space.model_id)
    found = _search([_segment(documents)], codes, question or Question(tuple(words)), model.ask(words))
    check_scores(found)
    return found.memory_ids.tolist()


def _conversation(seed, count):
    """Return documents, two thirds of which have vectors, of the right model or of another."""
    rng = random.Random(seed)
    documents = {}
    for key in rng.sample(range(1, 10**6), count):
        place = (f"s{rng.randrange(9)}", rng.randrange(40), rng.choice(["Ann", "Bob", "user"]))
        place = place if rng.random() < 0.8 else (None, None, None)
        words = rng.choices(WORDS, range(1, 61), k=rng.randrange(12))
        model = rng.choice([MODEL, MODEL, MODEL, PLAIN, OTHER, None])
        vectors = model and (model.read(words) if words else model.refuse())
        documents[key] = Document(words, set(rng.sample("ab", 1)), *place, rng.randrange(32), vectors=vectors)
    return documents


def _question(seed):
    rng = random.Random(seed)
    terms = tuple(sorted({f"w{rng.randrange(65)}" for _ in range(4)}))
    names = frozenset(["ann"]) if seed % 3 else frozenset()
    literals = frozenset(terms[:1]) if seed % 2 else frozenset()
    return Question(terms, literals, names, asks_when=seed % 2 == 0)


@pytest.mark.parametrize("model", [MODEL, PLAIN])
@pytest.mark.parametrize("seed", range(6))
def test_rankings_equal_the_reference(seed, model, monkeypatch):
    monkeypatch.setattr(ranker, "BOTH_CANDIDATES", 20)
    documents, question = _conversation(seed, 250), _question(seed)
    embedded = model.ask([*question.terms, "the", "when"])
    for groups in ([], [["a"]]):
        required = [[facet("tag", tag) for tag in group] for group in groups]
        found = _search([_segment(documents)], make_codes(documents, 1), question, embedded, required)
        check_ranking(found, documents, question, groups, embedded=embedded, best_count=20)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 5), st.randoms(use_true_random=False), st.integers(1, 6), st.sampled_from([7, 30, 1000])
)
def test_rankings_are_bit_identical_however_documents_are_split_into_segments(seed, rng, count, fine_count):
    documents, question = _conversation(seed, 150), _question(seed)
    deleted = {-key: one for key, one in _conversation(seed + 100, 80).items()}
    embedded, codes = MODEL.ask([*question.terms, "the"]), make_codes(documents, 1)
    segment_of = {key: rng.randrange(count) for key in documents | deleted}
    spread = []
    for segment_number in range(count):
        segment = _segment(
            {key: one for key, one in (documents | deleted).items() if segment_of[key] == segment_number}
        )
        spread.append(segment.without(np.flatnonzero(segment.memory_ids < 0)))
    merged_count = rng.randrange(count)
    partly_merged = [merge_segments(spread[: merged_count + 1]), *spread[merged_count + 1 :]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranker, "BOTH_CANDIDATES", 15)
        patch.setattr("mnemo_server.index.ranking.nearest.FINE_COUNT", fine_count)
        whole = _search([_segment(documents)], codes, question, embedded)
        for segments in (spread, partly_merged, [merge_segments(spread)]):
            found = _search(segments, codes, question, embedded)
            assert np.array_equal(found.memory_ids, whole.memory_ids)
            assert np.array_equal(found.scores, whole.scores)
            assert list(found.parts) == list(whole.parts)
            for name, part in found.parts.items():
                assert np.array_equal(part, whole.parts[name])


def test_words_with_the_same_meaning_are_found():
    assert _find([_statement("bread", "oven"), _statement("automobile", "garage")], ["car"])[0] == 2


def test_a_literal_in_a_row_without_a_vector_ranks_first():
    """The row is new; all others match in meaning, and many in words too."""
    question = read_question("why does the linter say E1101 of the car")
    words = ["linter", "say", "car"]
    others = [_statement("linter", "automobile", "say", f"w{n}") for n in range(300)]
    fresh = Document(["e1101", "import", "fix"], set())
    assert _find([*others[:150], fresh, *others[150:]], words, question=question)[0] == 151


def test_a_literal_ranks_first_with_more_similar_memories_than_candidates(monkeypatch):
    monkeypatch.setattr(ranker, "BOTH_CANDIDATES", 20)
    words = ["linter", "says", "red", "car", "stop"]
    alike = [_statement(*words, f"w{n}") for n in range(40)]
    others = [*alike, *(_statement("bread", f"w{n}") for n in range(400))]
    question = Question((*words, "e1101"), frozenset(["e1101"]))
    for fresh in (Document(["e1101", "import", "fix"], set()), _statement("e1101", "import", "fix")):
        assert _find([*others, fresh], words, question=question)[0] == len(others) + 1


def test_a_row_without_a_vector_competes_by_its_words():
    others = [_statement("bread", f"w{n}") for n in range(30)]
    assert _find([*others, _statement("red", "car", model=None)], ["red", "car"])[0] == 31


def test_vectors_of_another_model_are_ignored():
    """Whatever they contain, such a row is found by its words only."""
    others = [_statement("oven", f"w{n}") for n in range(10)]
    for model in (OTHER, None):
        foreign = _statement("automobile", model=model)
        assert 11 not in _find([*others, foreign], ["car"])
        assert _find([*others, foreign], ["automobile"])[0] == 11
    documents = dict(enumerate([*others, _statement("red", "car", model=OTHER)], 1))
    plain = documents | {11: _statement("red", "car", model=None)}
    question, embedded = Question(("red", "oven")), MODEL.ask(["red", "oven"])
    one = _search([_segment(documents)], make_codes(documents, 1), question, embedded)
    other = _search([_segment(plain)], make_codes(plain, 1), question, embedded)
    assert one.memory_ids.tolist() == other.memory_ids.tolist()
    assert one.scores.tolist() == other.scores.tolist()


def test_token_codes_are_read_only_for_candidates_with_a_vector():
    documents = dict(
        enumerate([_statement("car"), _statement("car", model=None), _statement("car", model=OTHER)], 1)
    )
    question, query = Question(("car",)), plan_query([_segment(documents)], ["car"])
    assert draft(query, question, MODEL.embed(["car"])).list_wanted() == {1: 1}
    assert draft(query, question, PLAIN.embed(["car"])).list_wanted() == {}
    assert draft(query, question).list_wanted() == {}


def test_a_question_of_stop_words_is_searched_by_vectors():
    documents = [_statement("bread"), _statement("who", "are", "you"), _statement("oven")]
    assert _find(documents, ["who", "are", "you"], question=Question(()))[0] == 2
    assert _find(documents, ["who", "are", "you"], question=Question(()), model=PLAIN)[0] == 2


def test_a_question_without_content_finds_nothing_by_vectors():
    documents = [_statement("bread"), _statement("oven")]
    assert _find(documents, [], question=Question(())) == []
    assert _find(documents, [], question=Question(("oven",))) == [2]


def test_a_model_without_token_vectors_finds_by_the_vector_of_the_text():
    documents = [_statement("bread", "oven"), _statement("automobile", "garage", model=PLAIN)]
    assert _find(documents, ["car", "garage"], model=PLAIN)[0] == 2


def test_a_memory_without_token_vectors_is_ranked_by_its_vector_and_terms():
    documents = [
        *(_statement("bread", f"w{n}") for n in range(9)),
        _statement("automobile", "red", model=PLAIN),
    ]
    assert _find(documents, ["red", "car"])[0] == 10


def test_codes_deleted_before_they_are_read_leave_keywords_and_vector():
    documents = dict(enumerate([_statement("bread"), _statement("red", "automobile")], 1))
    found = _search([_segment(documents)], {}, Question(("red",)), MODEL.ask(["red", "car"]))
    check_scores(found)
    assert found.memory_ids.tolist()[0] == 2


@pytest.mark.parametrize("segments", [[], [_segment({})], [_segment({}), _segment({})]])
@pytest.mark.parametrize("embedded", [None, MODEL.ask(["car"]), PLAIN.ask(["car"])])
def test_nothing_is_found_in_an_empty_index(segments, embedded):
    assert _search(segments, {}, Question(("car",)), embedded).memory_ids.tolist() == []


def test_an_empty_segment_changes_nothing():
    documents = _conversation(3, 60)
    question, embedded, codes = _question(3), MODEL.ask(["w1", "w2"]), make_codes(documents, 1)
    whole = _search([_segment(documents)], codes, question, embedded)
    deleted = _segment({-1: _statement("w1")}).without(np.array([0]))
    found = _search([_segment({}), _segment(documents), deleted], codes, question, embedded)
    assert np.array_equal(found.memory_ids, whole.memory_ids)
    assert np.array_equal(found.scores, whole.scores)


def test_both_retrievers_add_candidates():
    """Fifty each, and what only vectors find is found."""
    near = [_statement("automobile") for _ in range(60)]
    named = [_statement("car", *["filler"] * 30, model=None) for _ in range(60)]
    found = _find([*near, *named], ["car"])
    assert len(found) == 60 + 50
    assert set(range(61, 121)) <= set(found)
