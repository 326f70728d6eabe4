"""How context changes a ranking, and what it must not change."""

from __future__ import annotations

import random

import numpy as np
import pytest
from mnemo_server.domain.search.analysis import analyse
from mnemo_server.domain.search.question import Question, read_question
from mnemo_server.domain.search.traits import describe
from mnemo_server.index.ranking import ranker
from mnemo_server.index.ranking.bm25 import plan_query
from mnemo_server.index.ranking.ranker import draft, rank
from mnemo_server.index.ranking.scope import Scope
from mnemo_server.index.segments.entries import facet
from mnemo_server.index.segments.segment import build_segment

from server.tests.unit.index.ranking.reference_ranking import check_ranking
from server.tests.unit.index.reference import Document, make_row


def _messages(texts, *, session="s", speakers=("Ann", "Bob"), tags=()):
    """Return the messages of a session, spoken by the speakers in turn."""
    return [
        Document(analyse(text), set(tags), session, seq, speakers[seq % len(speakers)], describe(text))
        for seq, text in enumerate(texts)
    ]


def _statement(text):
    """Return a memory without a session."""
    return Document(analyse(text), set())


def _segment(documents):
    return build_segment([make_row(key, document) for key, document in documents.items()])


def _rank(documents, text, required=()):
    question = read_question(text)
    return _search([_segment(dict(enumerate(documents, 1)))], question, required)


def _search(segments, question, required=()):
    return rank(draft(plan_query(segments, question.terms, Scope(required)), question), {})


def _order(documents, text, required=()):
    return _rank(documents, text, required).memory_ids.tolist()


def test_an_answer_is_found_by_the_question_before_it():
    messages = _messages(["Where did you spend your holiday?", "In Norway, by the sea", "Nice", "Yes", "Bye"])
    assert _order(messages, "holiday")[:2] == [1, 2]


def test_messages_up_to_two_places_away_are_found():
    messages = _messages(["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota"])
    assert sorted(_order(messages, "epsilon")) == [3, 4, 5, 6, 7]


def test_neighbours_belong_to_the_same_session():
    messages = _messages(["one", "two"], session="s") + _messages(["three", "four"], session="t")
    assert sorted(_order(messages, "two")) == [1, 2]


def test_filters_apply_to_neighbours():
    messages = _messages(["one", "two"], tags=["kept"]) + _messages(["x", "x", "three"], tags=["other"])[2:]
    assert sorted(_order(messages, "two", [[facet("tag", "kept")]])) == [1, 2]
    assert sorted(_order(messages, "two")) == [1, 2, 3]


def test_messages_of_the_person_named_in_the_question_rank_higher():
    messages = _messages(["I like tea a lot", "I like tea a lot"], speakers=("Bob", "Ann"))
    assert _order(messages, "does Ann like tea?")[0] == 2
    assert _order(messages, "does Bob like tea?")[0] == 1


def test_a_literal_ranks_first_among_related_messages():
    """All signals but the literal favour the conversation."""
    chat = _messages(
        ["What does Ann know of the linter error?", "Ann said: Linter error in May, see Oslo 12!"] * 30
    )
    found = _order([_statement("fix for E1101"), *chat], "when did Ann see the linter error E1101?")
    assert found[0] == 1
    found = _order(
        [*chat, *_messages(["ok", "E1101", "hm"], session="t")], "When did Ann see linter error E1101?"
    )
    assert found[0] == 62


def test_a_literal_outweighs_all_other_words_of_the_question():
    chat = _messages(
        ["Does the gateway lose packets?", "Ann saw the gateway lose packets behind the proxy in May"]
    )
    question = "When did Ann see E1101 as the gateway lost packets behind the proxy?"
    assert _order([_statement("E1101 is about imports"), *chat], question)[0] == 1
    plain = question.replace("E1101", "errors")
    assert _order([_statement("errors are about imports"), *chat], plain)[0] == 3


def test_a_literal_ranks_first_with_more_related_memories_than_candidates(monkeypatch):
    monkeypatch.setattr(ranker, "KEYWORD_CANDIDATES", 20)
    text = "gateway lost packets behind the proxy at noon, Monday, with the kernel upgraded"
    alike = [_statement(f"{text} {n}") for n in range(40)]
    others = [*alike, *(_statement(f"note {n}") for n in range(400))]
    question = f"E1101? {text}"
    needle = Document(analyse("E1101 is about imports"), {"kept"})
    place = len(others) + 1
    assert _order([*others, needle], question)[0] == place
    assert _order([*others, needle], question, [[facet("tag", "kept")]]) == [place]
    assert place not in _order([*others, needle], question, [[facet("tag", "other")]])


def test_a_statement_with_the_answer_ranks_above_a_run_of_related_messages():
    chat = _messages(["Do you know when the deployment is?", "The deployment in May with Bob 2023!"] * 20)
    statement = _statement("Production deployments run on Tuesday")
    assert _order([statement, *chat], "when do production deployments run?")[0] == 1


def test_statements_are_ordered_by_bm25():
    rng = random.Random(5)
    documents = {
        key: Document(rng.choices([f"w{n}" for n in range(20)], k=rng.randrange(2, 12)), set())
        for key in range(1, 90)
    }
    segments, terms = [_segment(documents)], ("w1", "w2", "w3")
    found = _search(segments, Question(terms)).memory_ids.tolist()
    assert found == plan_query(segments, terms).match().memory_ids.tolist()


def test_equal_scores_put_the_newest_memory_first():
    documents = {key: Document(["same", "text"], set()) for key in (5, 1, 9, 3)}
    found = _search([_segment(documents)], Question(("same",)))
    assert found.memory_ids.tolist() == [9, 5, 3, 1]


def test_wording_affects_messages_of_people_but_not_of_agents():
    texts = [
        "tea",
        "We drank tea with Eve in Oslo 12 days ago",
        *["x"] * 5,
        "tea is drunk with cups, and cups",
    ]
    chat, agents = _messages(texts), _messages(texts, speakers=("user", "assistant"))
    assert _rank(chat, "tea").scores.tolist() != _rank(agents, "tea").scores.tolist()
    plain = [one._replace(traits=one.traits & 2) for one in agents]
    assert _rank(agents, "tea").scores.tolist() == _rank(plain, "tea").scores.tolist()


def _conversation(seed, count=400):
    rng = random.Random(seed)
    words = [f"w{n}" for n in range(60)]
    documents = {}
    for key in rng.sample(range(1, 10**6), count):
        message = (f"s{rng.randrange(12)}", rng.randrange(40), rng.choice(["Ann", "Bob", "user"]))
        place = message if rng.random() < 0.8 else (None, None, None)
        tokens = rng.choices(words, range(1, 61), k=rng.randrange(1, 20))
        documents[key] = Document(tokens, set(rng.sample("ab", 1)), *place, rng.randrange(32))
    return documents


@pytest.mark.parametrize("seed", range(6))
def test_rankings_equal_the_reference(seed, monkeypatch):
    monkeypatch.setattr(ranker, "KEYWORD_CANDIDATES", 30)
    documents = _conversation(seed)
    rng = random.Random(seed)
    for groups in ([], [["a"]]):
        terms = tuple(f"w{rng.randrange(65)}" for _ in range(4))
        question = Question(terms, frozenset(terms[:1]), frozenset(["ann"]), asks_when=seed % 2 == 0)
        required = [[facet("tag", tag) for tag in group] for group in groups]
        found = _search([_segment(documents)], question, required)
        check_ranking(found, documents, question, groups, best_count=30)


def test_rankings_are_bit_identical_however_documents_are_split_into_segments(monkeypatch):
    monkeypatch.setattr(ranker, "KEYWORD_CANDIDATES", 40)
    documents = _conversation(1)
    deleted = {-key: document for key, document in _conversation(2, 200).items()}
    question = Question(("w1", "w5", "w20", "w59", "unknown"), words=frozenset(["bob"]))
    whole = _search([_segment(documents)], question)
    for seed in range(5):
        rng = random.Random(seed)
        segment_of = {key: rng.randrange(6) for key in documents | deleted}
        segments = []
        for segment_number in range(6):
            segment = _segment(
                {key: one for key, one in (documents | deleted).items() if segment_of[key] == segment_number}
            )
            segments.append(segment.without(np.flatnonzero(segment.memory_ids < 0)))
        spread = _search(segments, question)
        assert np.array_equal(spread.memory_ids, whole.memory_ids)
        assert np.array_equal(spread.scores, whole.scores)


def test_after_the_candidates_bm25_decides(monkeypatch):
    monkeypatch.setattr(ranker, "KEYWORD_CANDIDATES", 3)
    documents = {key: Document(["word"] * key + ["x"] * 20, set()) for key in range(1, 11)}
    found = _search([_segment(documents)], Question(("word",)))
    assert found.memory_ids.tolist() == list(range(10, 0, -1))
    assert found.scores.tolist() == sorted(found.scores.tolist(), reverse=True)


def test_messages_with_the_same_position_are_ordered_by_age():
    """A host may send other messages with a position that is in use; the order stays exact."""
    texts = [f"word{n}" for n in range(30)]
    documents = {n: Document([text], set(), "s", 0, "user", 0) for n, text in enumerate(texts, 1)}
    for parts in (1, 3):
        segment_of = [
            {key: one for key, one in documents.items() if key % parts == segment_number}
            for segment_number in range(parts)
        ]
        found = _search([_segment(segment_number) for segment_number in segment_of], Question(("word15",)))
        assert sorted(found.memory_ids.tolist()) == [14, 15, 16, 17, 18]
