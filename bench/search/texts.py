"""Made-up sessions of coding agents, any number of them: the same seed yields the same texts.

Words are as frequent as in real texts: the share of a word falls with its rank (Zipf, Mandelbrot). They come
from the vocabulary of the local embedding model, which lists words by frequency.
"""

from __future__ import annotations

import random
from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np
from numpy.typing import NDArray

#: Raise it when texts, rows or vectors change, so that databases kept from before aren't used.
VERSION: Final = 1
MESSAGES: Final = 20
INSIGHTS: Final = 5
#: Memories of one unit: a session, and what was noted beside it.
UNIT: Final = MESSAGES + INSIGHTS
#: An insight has two of these, so that each is on one memory in a hundred.
TAGS: Final = tuple(f"area-{number:02}" for number in range(40))
TAGS_EACH: Final = 2

_SHIFT: Final = 2.7  # Mandelbrot's constant for English
_COMMON: Final = 300  # words before this rank are never topics
_TOPIC_WORDS: Final = 40
_TOPIC_SHARE: Final = 0.35  # of the words of a session
_MEDIAN_WORDS: Final = 25
_SPREAD: Final = 0.6
_SHORTEST: Final = 4
_LONGEST: Final = 150
_SENTENCE: Final = 11
_QUESTION_SHARE: Final = 0.2
_CODE_SHARE: Final = 0.25
_IDENTIFIER_SHARE: Final = 0.6


@cache
def load_words() -> tuple[str, ...]:
    """Return about 20,000 English words, the most frequent first."""
    text = (
        files("mnemo_server").joinpath("embedding", "local", "data", "vocab.txt").read_text(encoding="utf-8")
    )
    return tuple(word for word in text.splitlines() if word.isascii() and word.isalpha() and len(word) > 1)


@cache
def _steps() -> NDArray[np.float64]:
    shares = 1 / (np.arange(len(load_words())) + _SHIFT)
    steps: NDArray[np.float64] = np.cumsum(shares / shares.sum())
    return steps


class Texts:
    """A source of messages of sessions and of insights noted beside them."""

    def __init__(self, seed: int) -> None:
        self._numbers = np.random.default_rng((VERSION, seed))
        self._random = random.Random(f"{VERSION}-{seed}")

    def unit(self) -> list[str]:
        """Return the messages of one session and the insights beside it, `UNIT` texts of one topic."""
        lengths = self._numbers.lognormal(np.log(_MEDIAN_WORDS), _SPREAD, UNIT)
        counts = np.clip(lengths, _SHORTEST, _LONGEST).astype(int)
        ranks = self._ranks(int(counts.sum()))
        topic = self._topic()
        is_topical = self._numbers.random(len(ranks)) < _TOPIC_SHARE
        ranks[is_topical] = topic[self._numbers.integers(0, len(topic), int(is_topical.sum()))]
        words = load_words()
        ends = np.cumsum(counts).tolist()
        starts = [0, *ends[:-1]]
        return [
            self._compose([words[rank] for rank in ranks[begin:end].tolist()])
            for begin, end in zip(starts, ends, strict=True)
        ]

    def tags(self) -> tuple[str, ...]:
        """Return the tags of one insight."""
        return tuple(self._random.sample(TAGS, TAGS_EACH))

    def words(self, count: int) -> list[str]:
        """Return some words that carry meaning, as questions contain them."""
        return [load_words()[rank] for rank in self._topic()[:count].tolist()]

    def code(self) -> str:
        """Return an error code."""
        return f"E{self._random.randrange(1_000, 10_000)}"

    def path(self) -> str:
        """Return the path of a file in a project."""
        folder, *name = self.words(3)
        return f"src/{folder}/{'_'.join(name)}.py"

    def _ranks(self, count: int) -> NDArray[np.int64]:
        ranks: NDArray[np.int64] = np.searchsorted(_steps(), self._numbers.random(count) * _steps()[-1])
        return ranks

    def _topic(self) -> NDArray[np.int64]:
        """Draw words that aren't common, but the more frequent ones more often."""
        common = _steps()[_COMMON]
        drawn = common + self._numbers.random(_TOPIC_WORDS) * (_steps()[-1] - common)
        topic: NDArray[np.int64] = np.minimum(np.searchsorted(_steps(), drawn), len(_steps()) - 1)
        return topic

    def _compose(self, words: list[str]) -> str:
        """Return sentences made of words, some with identifiers, codes and file names in them."""
        chance = self._random.random
        if chance() < _CODE_SHARE:
            words.insert(self._random.randrange(len(words)), self.code())
        if chance() < _IDENTIFIER_SHARE:
            words.insert(self._random.randrange(len(words)), self._identifier())
        sentences = [" ".join(words[begin : begin + _SENTENCE]) for begin in range(0, len(words), _SENTENCE)]
        text = ". ".join(sentence[:1].upper() + sentence[1:] for sentence in sentences)
        return text + ("?" if chance() < _QUESTION_SHARE else ".")

    def _identifier(self) -> str:
        first, second, third = (load_words()[rank] for rank in self._ranks(3).tolist())
        number = self._random.randrange(10_000)
        forms = (
            f"src/{first}/{second}_{third}.py",
            f"{first}_{second}",
            f"{first}{second.capitalize()}{third.capitalize()}",
            f"{first.upper()}-{number}",
            f"v{number // 1000}.{number % 1000 // 10}.{number % 10}",
            f"{second}.{third}:{number}",
        )
        return self._random.choice(forms)
