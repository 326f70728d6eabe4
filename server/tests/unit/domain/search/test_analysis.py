"""Which search terms a text has, and that queries match documents."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mnemo_server.domain.search.analysis import analyse, analyse_query

from tests.support.growth import assert_linear

LITERALS = [
    "E1101",
    "ERR_CONN_RESET",
    "TS2345",
    "0x80070005",
    "1.2.3",
    "v1.2.3-rc.1",
    "--no-cache",
    "-v",
    ".env",
    "src/app/main.py",
    "/etc/nginx/nginx.conf",
    "C:\\Users\\me\\notes.txt",
    "get_user_by_id",
    "getUserById",
    "HTTPServer",
    "os.path.join",
    "my-kebab-name",
    "@types/node",
    "C++",
    "C#",
    "https://example.com/a/b?page=1#top",
    "someone@example.com",
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b",
    "550e8400-e29b-41d4-a716-446655440000",
    "x" * 300,
    "/".join(["directory"] * 40),
]


@pytest.mark.parametrize("literal", LITERALS)
@pytest.mark.parametrize(
    "sentence", ["{}", "see {}, please", "(`{}`)", 'it says "{}": why?', "{}!\nnext line"]
)
def test_a_literal_in_a_sentence_is_found_by_itself(literal, sentence):
    """All terms of the question, the first being the whole literal, are terms of the document."""
    question = analyse_query(literal)
    assert question
    assert set(question) <= set(analyse(sentence.format(literal)))


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("ERR_CONN_RESET", "err_conn_reset"),
        ("src/Users/main.py", "src/users/main.py"),
        ("--no-caches", "--no-caches"),
        ("getUsers", "getusers"),
        ("running.jobs", "running.jobs"),
        ("E1101", "e1101"),
    ],
)
def test_a_whole_literal_is_the_first_term_and_not_stemmed(text, whole):
    assert analyse_query(text)[0] == whole


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("opened src/app/main_test.py:42", "src/app/main_test.py"),
        ("opened src/app/main_test.py:42", "main_test.py"),
        ("opened src/app/main_test.py", "main_test"),
        ("os.path.join fails", "join"),
        ("getUserById is slow", "users"),
        ("userIDs", "id"),
        ("HTTPServer", "server"),
        ("the JavaScript bundle", "javascript"),
        ("TypeScripts", "typescripts"),
        ("TS2345", "2345"),
        ("python3", "Python"),
        ("v1.2.3", "1.2.3"),
        ("--no-cache", "no-cache"),
        ("/etc/hosts", "etc/hosts"),
        ("someone@example.com", "example.com"),
        ("it ran for 100ms", "100"),
    ],
)
def test_a_literal_is_also_found_by_its_parts(text, question):
    assert set(analyse_query(question)) <= set(analyse(text))


def test_literals_with_the_same_parts_have_different_whole_terms():
    assert analyse_query("src/app.py")[0] != analyse_query("app/src.py")[0]
    assert analyse_query("x" * 300)[0] != analyse_query("x" * 301)[0]


def test_hashes_are_not_split():
    assert analyse("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b") == ["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"]
    assert analyse("0x80070005") == ["0x80070005"]


def test_words_are_stemmed_and_stop_words_dropped():
    assert analyse("The users don't like running tests, and we won't") == ["user", "like", "run", "test"]


@pytest.mark.parametrize("end", ["?", "!", ".", ",", ":", ";", "%", "/", "=", "?!", "...", "'", "-"])
def test_punctuation_after_a_word_is_not_part_of_it(end):
    """Before 3.11.5, a bug in Python's regular expressions made it a part."""
    assert analyse(f"where is staging{end}") == analyse("staging")
    assert analyse(f"staging{end} (staging{end})") == ["stage", "stage"]


def test_possessives_and_names_with_apostrophes_match_their_words():
    assert analyse("the team's") == ["team"]
    assert analyse("O\u2019Brien") == analyse("O'Brien") == ["o", "brien"]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("昨日は東京タワーに行きました", "東京"),
        ("昨日は東京タワーに行きました", "タワー"),
        ("我们用数据库保存记忆", "记忆"),
        ("修改src/app.py文件", "src/app.py"),
        ("API設計", "api"),
        ("데이터베이스를 다시 시작", "데이터"),
        ("ｶﾀｶﾅのテスト", "カタカナ"),
    ],
)
def test_words_in_scripts_without_spaces_are_found(text, word):
    assert set(analyse_query(word)) <= set(analyse(text))


def test_a_single_ideograph_is_a_term():
    assert analyse("猫 と dog") == ["猫", "と", "dog"]


@pytest.mark.parametrize(
    ("one", "other"),
    [("café", "CAFE"), ("\uff37\uff49\uff44\uff45", "wide"), ("Straße", "STRASSE"), ("ﬁle", "file")],
)
def test_case_width_and_accents_are_ignored(one, other):
    assert analyse(one) == analyse(other)


@pytest.mark.parametrize(
    "text", ["", "   ", "!!! ??? ...", "🙂 👩‍👩‍👧 ❤️", "___ --- ***", "\ud800 \x00", "the and of"]
)
def test_text_without_words_has_no_terms(text):
    assert analyse(text) == []
    assert analyse_query(text) == []


def test_a_limited_question_keeps_whole_literals_before_parts():
    question = "first/one second/two third/three"
    assert analyse_query(question, limit=3) == ["first/one", "second/two", "third/three"]
    assert len(analyse_query(" ".join(f"word{n}x" for n in range(1000)))) == 64


def test_stemming_is_thread_safe():
    """The stemmer has state; the words are new, so that no cache hides a race."""
    words = [
        f"{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}{chr(97 + n // 676)}ationalizing" for n in range(2000)
    ]
    with ThreadPoolExecutor(8) as pool:
        parallel = list(pool.map(analyse, words))
    assert parallel == [[word.removesuffix("alizing")] for word in words]


@pytest.mark.parametrize(
    ("prefix", "repeated"),
    [
        ("a", "/"),
        ("", "a-"),
        ("", "aZ"),
        ("a", "\u0301\u0323"),
        ("", "\uff9e\u0301"),
        ("", "_"),
        ("", "AAa"),
        ("", "1:"),
        ("", "漢"),
        ("", "\ufdfa"),
        ("", "'a"),
    ],
    ids=ascii,
)
def test_analysis_of_hostile_text_takes_linear_time(prefix, repeated):
    assert_linear(analyse, lambda length: prefix + repeated * (length // len(repeated)), 200_000)


@given(st.text())
def test_analysis_never_fails_and_is_deterministic(text):
    assert analyse(text) == analyse(text)
    assert set(analyse_query(text, limit=10_000)) == set(analyse(text))


_tokens = st.text(alphabet=st.characters(exclude_categories=["Z", "Cc"]), min_size=1).filter(
    lambda token: len(token.split()) == 1
)


@given(st.text(), _tokens, st.text())
def test_a_document_is_found_by_each_of_its_words(before, token, after):
    assert set(analyse_query(token)) <= set(analyse(f"{before} {token} {after}"))


@given(_tokens | st.sampled_from(LITERALS))
def test_a_token_between_spaces_has_the_terms_of_the_token_alone(token):
    assert set(analyse_query(token, limit=10_000)) == set(analyse(f"\t{token}\n"))


@given(st.from_regex(r"[A-Za-z0-9]{1,8}([._/-][A-Za-z0-9]{1,8}){0,3}", fullmatch=True))
def test_a_literal_is_found_in_any_case(literal):
    lower = set(analyse(literal.lower()))
    assert lower == set(analyse(literal.upper()))
    assert not lower or lower & set(analyse(literal))
