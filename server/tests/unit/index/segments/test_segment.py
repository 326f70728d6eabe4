"""Segments and their merges contain exactly the live documents."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from mnemo_server.index.segments.entries import EntryRow, encode_terms, hash_terms
from mnemo_server.index.segments.merge import GROWTH, SMALLEST, find_merge_start, merge_segments
from mnemo_server.index.segments.segment import build_segment
from mnemo_server.index.segments.vectors import VectorSpace

WORDS = [f"word{n}" for n in range(12)]
SPACE = VectorSpace(1, 100)  # codes of two 64-bit words


def _row(memory_id, words):
    """Return the entry of a memory; two thirds are messages."""
    if memory_id % 3 == 0:
        return EntryRow(memory_id, 1, 0, True, len(words), encode_terms(words, []))
    speaker, place = f"speaker {memory_id % 5}", memory_id % 7
    packed = encode_terms(words, [])
    return EntryRow(
        memory_id, 1, 0, True, len(words), packed, memory_id % 4 + 1, place, speaker, memory_id % 32
    )


def _embedded(memory_id, words):
    """Return an entry with a vector: of another model, of another size, none, or a valid one."""
    model_id, size = {0: (2, 16), 1: (1, 8), 2: (0, 0)}.get(memory_id % 7, (1, 16))
    code = bytes([memory_id + 1, *range(1, size)]) if size else None
    created_at = memory_id * 700_000
    return _row(memory_id, words)._replace(created_at=created_at, model_id=model_id, vector_code=code)


def _codes(segment):
    """Return {memory_id: (time of creation, code or None)} of the live documents."""
    columns = (segment.memory_ids.tolist(), segment.created.tolist(), segment.codes.T, segment.has_code)
    known = zip(*columns, segment.alive, strict=True)
    return {key: (at, code.tobytes() if has else None) for key, at, code, has, alive in known if alive}


def _contents(segment):
    """Return {memory_id: {term hash: frequency}} of the live documents."""
    found = {int(segment.memory_ids[place]): {} for place in np.flatnonzero(segment.alive)}
    for term, begin, end in zip(segment.vocabulary, segment.offsets, segment.offsets[1:], strict=False):
        for place, frequency in zip(segment.ordinals[begin:end], segment.frequencies[begin:end], strict=True):
            if segment.alive[place]:
                found[int(segment.memory_ids[place])][int(term)] = int(frequency)
    return found


def _messages(segment):
    """Return the columns of the live documents as messages, and the live messages in their order."""
    names = [segment.speaker_names[number] for number in segment.speakers]
    columns = (segment.memory_ids, segment.session_keys, segment.seqs, segment.traits, names)
    known = [row[:-1] for row in zip(*columns, segment.alive, strict=True) if row[-1]]
    order = segment.thread_order
    assert segment.thread_places[order].tolist() == list(range(len(order)))
    thread = order[segment.alive[order]]
    return known, segment.memory_ids[thread].tolist()


_documents = st.dictionaries(st.integers(0, 60), st.lists(st.sampled_from(WORDS), max_size=6), max_size=30)


@given(_documents, st.lists(st.integers(0, 3), min_size=61, max_size=61), st.sets(st.integers(0, 60)))
def test_merging_equals_building_one_segment_of_the_live_documents(documents, segment_of, deleted):
    segments = []
    for segment_number in range(4):
        segment = build_segment(
            [_embedded(key, words) for key, words in documents.items() if segment_of[key] == segment_number],
            SPACE,
        )
        places = segment.find_ordinals(np.array(sorted(deleted), dtype=np.int64))
        segments.append(segment.without(places[places >= 0]))
    merged = merge_segments(segments)
    alive = build_segment(
        [_embedded(key, words) for key, words in documents.items() if key not in deleted], SPACE
    )
    assert _contents(merged) == _contents(alive)
    assert _messages(merged) == _messages(alive)
    assert _codes(merged) == _codes(alive)
    assert merged.space == SPACE
    assert merged.codes.flags.c_contiguous  # a scan reads it row by row
    assert alive.codes.flags.c_contiguous
    assert merged.memory_ids.tolist() == alive.memory_ids.tolist()
    assert merged.vocabulary.tolist() == alive.vocabulary.tolist()
    assert (merged.live_count, merged.live_length) == (alive.live_count, alive.live_length)


def test_deleting_documents_does_not_change_the_old_segment():
    """A search that runs in another thread sees a consistent state."""
    segment = build_segment([_row(1, ["a"]), _row(2, ["b", "c"])])
    after = segment.without(np.array([1]))
    assert segment.alive.tolist() == [True, True]
    assert after.alive.tolist() == [True, False]
    assert (after.live_count, after.live_length) == (1, 1)


def test_a_segment_contains_only_vectors_of_its_model():
    segment = build_segment([_embedded(key, ["a"]) for key in range(7)], SPACE)
    assert segment.has_code.tolist() == [False] * 3 + [True] * 4
    assert segment.codes.shape == (2, 7)
    assert segment.codes[:, 3].tobytes() == bytes([4, *range(1, 16)])
    assert not segment.codes[:, :3].any()
    without = build_segment([_embedded(key, ["a"]) for key in range(7)])
    assert (without.codes.shape, without.has_code.any()) == ((0, 7), False)


def test_unknown_terms_have_no_postings():
    segment = build_segment([_row(1, ["a"])])
    known, *_ = hash_terms(["a"])
    slices = segment.find_postings(np.array([0, known, 2**64 - 1], dtype=np.uint64))
    assert [postings.stop - postings.start for postings in slices] == [0, 1, 0]
    empty = build_segment([])
    assert [postings.stop for postings in empty.find_postings(np.array([known], dtype=np.uint64))] == [0]


def test_segments_stay_few_while_rows_arrive_one_by_one():
    """Their number is logarithmic, and so is the work per row."""
    segments, merged_rows = [], 0
    for memory_id in range(3000):
        segments.append(build_segment([_row(memory_id, ["a"])]))
        if (start := find_merge_start(segments)) is not None:
            merged_rows += sum(segment.live_count for segment in segments[start:])
            segments[start:] = [merge_segments(segments[start:])]
        assert len(segments) <= 6
    assert sum(segment.live_count for segment in segments) == 3000
    assert merged_rows / 3000 < GROWTH * SMALLEST


def test_a_segment_of_mostly_deleted_documents_is_rebuilt():
    segment = build_segment([_row(memory_id, ["a"]) for memory_id in range(1000)])
    assert find_merge_start([segment.without(np.arange(500))]) is None
    assert find_merge_start([segment.without(np.arange(501))]) == 0
