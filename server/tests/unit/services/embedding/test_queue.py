from __future__ import annotations

from mnemo_server.index.segments.entries import EntryRow
from mnemo_server.services.embedding.queue import EmbeddingQueue, WaitingText


def text(number: int, length: int = 1) -> WaitingText:
    entry = EntryRow(number, 1024, number, is_active=True, length=1, terms=b"")
    return WaitingText(1, entry, "x" * length, since=number)


def test_the_queue_is_first_in_first_out():
    queue = EmbeddingQueue()
    for number in (1, 2, 3):
        assert queue.put(text(number))

    assert queue.oldest == 1
    assert queue.take(2) == [text(1), text(2)]
    assert queue.take(2) == [text(3)]
    assert queue.take(2) == []
    assert queue.oldest is None


def test_texts_are_rejected_when_the_queue_is_full():
    queue = EmbeddingQueue(max_texts=2)

    assert [queue.put(text(number)) for number in (1, 2, 3)] == [True, True, False]
    queue.take(1)
    assert queue.put(text(4))
    assert len(queue) == 2


def test_long_texts_use_more_of_the_limit():
    queue = EmbeddingQueue(max_characters=100)

    assert [queue.put(text(1, 60)), queue.put(text(2, 60)), queue.put(text(3, 40))] == [True, False, True]
    queue.take(1)
    assert queue.put(text(4, 60))


def test_a_failed_batch_is_put_back_in_front():
    queue = EmbeddingQueue()
    for number in (1, 2, 3):
        queue.put(text(number))

    queue.put_back(queue.take(2))

    assert queue.take(3) == [text(1), text(2), text(3)]


def test_clearing_the_queue_makes_space():
    queue = EmbeddingQueue(max_characters=1)
    queue.put(text(1))

    assert queue.clear() == 1
    assert len(queue) == 0
    assert queue.put(text(2))
