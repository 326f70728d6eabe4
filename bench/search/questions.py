"""Questions of several shapes: any number of each, and never the same twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

from bench.common.api import MEMORIES
from bench.search.rows import BEGIN, SPAN
from bench.search.texts import TAGS, Texts, load_words

#: Hits of one search, as a plugin asks for them.
HITS: Final = 10
#: Ranks of words that are in many memories but aren't stop words.
_FREQUENT: Final = slice(60, 560)
_RECENT_SHARE: Final = 0.05
_FORMS: Final = (
    "when did {} talk about the {} {}",
    "what did we decide on {} and {} {}",
    "why does the {} break when {} uses {}",
    "how should {} be done for the {} {}",
)


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of question."""

    name: str
    about: str
    """What it looks like, for the reader."""
    make_query: Callable[[Texts, int], dict[str, str]]
    """Returns the query parameters of the question with this number."""


def natural(texts: Texts, number: int) -> dict[str, str]:
    """Return a question of about eight words, three or four of which carry meaning."""
    return {"q": _FORMS[number % len(_FORMS)].format(*texts.words(3))}


def _literal(texts: Texts, _number: int) -> dict[str, str]:
    return {"q": f"{texts.code()} in {texts.path()}"}


def _frequent(_texts: Texts, number: int) -> dict[str, str]:
    words = load_words()[_FREQUENT]
    return {"q": words[number % len(words)]}


def _tagged(texts: Texts, number: int) -> dict[str, str]:
    return natural(texts, number) | {"tags": TAGS[number % len(TAGS)]}


def _recent(texts: Texts, number: int) -> dict[str, str]:
    since = datetime.fromtimestamp((BEGIN + SPAN * (1 - _RECENT_SHARE)) / 1e6, tz=UTC)
    return natural(texts, number) | {"created_from": since.date().isoformat()}


SHAPES: Final = (
    Shape("natural", "about eight words", natural),
    Shape("literal", "an error code and a file name", _literal),
    Shape("frequent word", "one word that many memories contain", _frequent),
    Shape("by tag", "about eight words, among the 1 % of the memories with a tag", _tagged),
    Shape("by time", "about eight words, among the newest 5 % of the memories", _recent),
)


def make_paths(shape: Shape, seed: int) -> Iterator[str]:
    """Yield paths that ask a question each, without end."""
    texts = Texts(seed)
    number = seed * 61 % 500  # rounds begin at least 110 frequent words apart, so none is repeated
    while True:
        yield f"{MEMORIES}?{urlencode({'limit': str(HITS)} | shape.make_query(texts, number))}"
        number += 1
