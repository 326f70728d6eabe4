"""Which words of a text get their own vectors."""

from __future__ import annotations

import pytest
from mnemo_server.embedding.content import find_content, find_lettered
from mnemo_server.embedding.local.wordpiece import load_wordpiece


def content_of(text: str) -> list[str]:
    words = load_wordpiece().cut(text, limit=1_000).words
    return [words[place] for place in find_content(words)]


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("Where is the staging database?", ["staging", "database"]),
        ("it's what they'll say, isn\u2019t it", ["say"]),
        ("Alice's cat doesn't eat", ["alice", "cat", "eat"]),
        ("gluten-free!", ["gluten", "gluten", "gluten", "free"]),
        ("C is older than Rust 🎉 €", ["c", "older", "rust"]),
        ("an em dash", ["em", "dash"]),
        ("我的 migration, сервер and naïve", ["migration", "naive"]),
        ("the of and", []),
        ("", []),
    ],
)
def test_stop_words_and_punctuation_are_no_content(text: str, content: list[str]):
    assert content_of(text) == content


def test_lettered_words_are_words_in_latin_letters():
    assert find_lettered(["who", "'", "s", "?", "🎉", "我", "сервер"]) == [0, 2]
