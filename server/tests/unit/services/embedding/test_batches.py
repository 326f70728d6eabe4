"""A batch shrinks until the budget covers it, and stops at what the budget can't."""

from __future__ import annotations

import pytest
from mnemo_server.embedding.ports import EmbedderUnavailable, OverBudget
from mnemo_server.index.segments.entries import EntryRow
from mnemo_server.services.embedding.batches import vectorize
from mnemo_server.services.embedding.queue import WaitingText

from tests.support.models.hashing_embedder import HashingEmbedder


class Purse:
    """A meter with so many tokens."""

    payer = 1

    def __init__(self, tokens: int) -> None:
        self.tokens = tokens
        self.asked: list[int] = []

    async def reserve(self, tokens: int) -> int:
        self.asked.append(tokens)
        if tokens > self.tokens:
            raise OverBudget("spent")
        self.tokens -= tokens
        return tokens

    async def settle(self, _reserved: int, _tokens: int) -> None:
        pass

    async def release(self, reserved: int) -> None:
        self.tokens += reserved


def texts(*words: int) -> list[WaitingText]:
    """Texts of so many words, which are as many tokens."""
    entries = [EntryRow(number, 1024, 0, is_active=True, length=1, terms=b"") for number in range(len(words))]
    return [WaitingText(1, entry, "word " * count, 0) for entry, count in zip(entries, words, strict=True)]


async def numbers_of(embedder, batch, purse) -> list[list[int]]:
    return [[one.entry.memory_id for one in part] async for part in vectorize(embedder, batch, purse)]


@pytest.mark.parametrize(
    ("tokens", "parts", "asked"),
    [
        (80, [list(range(8))], [80]),
        (79, [[0, 1, 2, 3], [4, 5], [6]], [80, 40, 40, 20, 20, 10, 10]),
        (39, [[0, 1], [2]], [80, 40, 20, 20, 10, 10]),
        (10, [[0]], [80, 40, 20, 10, 10]),
        (9, [], [80, 40, 20, 10]),
    ],
)
async def test_as_many_texts_as_the_budget_takes(tokens: int, parts, asked):
    purse = Purse(tokens)

    assert await numbers_of(HashingEmbedder(), texts(*[10] * 8), purse) == parts
    assert purse.asked == asked


async def test_a_refused_text_is_found_among_its_batch_and_what_is_left_over_ends_it():
    embedder = HashingEmbedder()
    embedder.refused_word = "omega"
    batch = texts(1, 1, 1, 5)
    batch[1] = WaitingText(1, batch[1].entry, "omega", 0)
    made = [part async for part in vectorize(embedder, batch, Purse(8))]

    assert [[one.entry.memory_id for one in part] for part in made] == [[0], [1], [2], [3]]
    assert [part[0].vector_code is None for part in made] == [False, True, False, False]
    assert await numbers_of(embedder, batch, Purse(2)) == [[0], [1], [2]]


async def test_an_error_comes_after_what_was_done():
    embedder = HashingEmbedder()
    parts = vectorize(embedder, texts(1, 1, 1, 1), Purse(3))
    done = await anext(parts)
    embedder.is_down = True

    with pytest.raises(EmbedderUnavailable):
        await anext(parts)
    assert len(done) == 2


async def test_free_vectors_are_made_together():
    assert len([part async for part in vectorize(HashingEmbedder(), texts(*[10] * 8))]) == 1
