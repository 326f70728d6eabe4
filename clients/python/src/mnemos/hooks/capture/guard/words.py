"""The words of `words.txt`: many languages are easier to read in a text file than in code."""

from __future__ import annotations

from pathlib import Path


def read_words(text: str) -> dict[str, frozenset[str]]:
    """Return the words of each section, by the name in brackets above it."""
    sections: dict[str, set[str]] = {}
    words: set[str] = set()
    for line in text.splitlines():
        if line.startswith("["):
            words = sections.setdefault(line.strip("[]"), set())
        elif not line.startswith("#"):
            words.update(line.split())
    return {name: frozenset(words) for name, words in sections.items()}


WORDS = read_words(Path(__file__).with_name("words.txt").read_text(encoding="utf-8"))
