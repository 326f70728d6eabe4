from __future__ import annotations

import pytest
from mnemo_server.domain.search.analysis import analyse_query, find_literals
from mnemo_server.domain.search.question import find_named, is_person, read_question


@pytest.mark.parametrize("text", ["When was it?", " how long ago", "What year did", "which  day", "WHEN"])
def test_questions_about_a_time_are_recognised(text):
    assert read_question(text).asks_when


@pytest.mark.parametrize("text", ["what is new", "whenever you like", "tell me when", "what days", ""])
def test_other_questions_are_not_about_a_time(text):
    assert not read_question(text).asks_when


def test_a_person_is_named_by_any_long_word_of_the_name():
    question = read_question("What did Fahim say about Mias dog, Al?")
    assert [question.names(name) for name in ("Fahim Khan", "mia", "Al", "Ann", "")] == [
        True,
        True,
        False,
        False,
        False,
    ]


def test_a_person_is_found_only_if_exactly_one_is_named():
    question = read_question("Did the user Ann ask Bob?")
    assert find_named(question, ["Ann", "Carl", "user", "Ann"]) == "Ann"
    assert find_named(question, ["Ann", "Bob"]) is None
    assert find_named(question, ["user", ""]) is None


def test_roles_are_not_persons():
    assert [is_person(speaker) for speaker in ("user", "Assistant", "tool", "Ann")] == [False] * 3 + [True]


@pytest.mark.parametrize(
    "literal",
    [
        "E1101",
        "ERR_X",
        "getUserById",
        "src/app.py",
        "v2.7.18",
        "db-7",
        "#4711x",
        "10.0.0.7",
        "app.py",
        "12345",
    ],
)
def test_literals_are_terms_of_their_question(literal):
    literals = find_literals(f"what about {literal}?")
    assert len(literals) == 1
    assert literals <= set(analyse_query(f"what about {literal}?"))


@pytest.mark.parametrize(
    "text", ["what did Ann do in 2022", "self-care isn't easy", "数据库", "...", "O'Brien"]
)
def test_ordinary_words_are_not_literals(text):
    assert find_literals(text) == frozenset()
