"""One tenant's segments while rows arrive in any order, around background merges."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mnemo_server.index.ranking.bm25 import plan_query
from mnemo_server.index.resident import segments
from mnemo_server.index.resident.segments import ResidentTenant, prepare
from mnemo_server.index.segments.entries import EntryRow, encode_terms
from mnemo_server.index.segments.merge import merge_segments


def _row(memory_id, revision, *, is_active=True, changed_at=0):
    words = ["any", f"revision{revision}"] if is_active else []
    return EntryRow(memory_id, revision, changed_at, is_active, len(words), encode_terms(words, []))


def _live(index):
    """Return {memory_id: revision} as a search sees it; check that no memory is there twice."""
    index.fold()
    found = [
        (int(memory_id), int(revision))
        for segment in index.segments
        for memory_id, revision, alive in zip(
            segment.memory_ids, segment.revisions, segment.alive, strict=True
        )
        if alive
    ]
    assert len(dict(found)) == len(found)
    assert plan_query(index.segments, ["any"]).match().memory_ids.tolist() == sorted(dict(found))[::-1]
    return dict(found)


@pytest.fixture(scope="module", autouse=True)
def _small_merges():
    """Merge only the smallest segments at once, so that background merges are due early."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segments, "INLINE_POSTINGS", 40)
        yield


def test_rows_that_change_during_a_merge_are_current_after_it():
    index = ResidentTenant()
    index.install(*prepare([_row(n, 1) for n in range(100)]))
    index.install(*prepare([_row(n, 1) for n in range(100, 116)]))
    merge = index.begin_merge()
    assert merge is not None
    assert index.begin_merge() is None
    index.install(
        *prepare([_row(0, 2), _row(1, 2, is_active=False), _row(110, 2, is_active=False), _row(500, 1)])
    )
    index.finish_merge(merge_segments(merge.sources))
    expected = dict.fromkeys(range(116), 1) | {0: 2, 500: 1}
    del expected[1], expected[110]
    assert _live(index) == expected


def test_a_failed_merge_is_due_again():
    index = ResidentTenant()
    index.install(*prepare([_row(n, 1) for n in range(100)]))
    index.install(*prepare([_row(n, 1) for n in range(100, 160)]))
    assert index.begin_merge() is not None
    index.finish_merge(None)
    assert index.begin_merge() is not None
    assert len(_live(index)) == 160


def test_known_rows_change_nothing():
    index = ResidentTenant()
    rows = [_row(n, 1) for n in range(50)]
    index.install(*prepare(rows))
    before = index.segments
    index.install(*prepare(rows))
    assert [now is then for now, then in zip(index.segments, before, strict=True)] == [True]


def test_deletions_are_remembered_as_long_as_a_refresh_may_list_them():
    index = ResidentTenant()
    index.install(*prepare([_row(n, 2, is_active=False, changed_at=n) for n in range(5000)]))
    size = index.size_bytes
    index.forget_before(4000)
    assert index.size_bytes < size / 2
    index.install(*prepare([_row(n, 1, changed_at=n) for n in range(4000, 5000)]))
    assert _live(index) == {}


def test_unseen_changes_are_newer_than_the_known_revisions():
    index = ResidentTenant((prepare([_row(1, 3)])[0],))
    index.note([_row(2, 1), _row(3, 2, is_active=False)])
    changes = [(1, 3, 10), (2, 1, 10), (2, 2, 11), (3, 1, 10), (3, 2, 11), (4, 1, 12)]
    assert index.find_unseen(changes) == {2: (2, 11), 4: (1, 12)}
    assert index.find_unseen([]) == {}


_batches = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 6)), min_size=1, max_size=50)
_steps = st.lists(st.one_of(_batches, st.sampled_from(["note", "begin", "finish", "fail"])), max_size=30)


@given(_steps)
def test_the_newest_revision_is_current_whatever_the_order_of_arrival(steps):
    """A revision is permanently active or inactive, as in a database."""
    index, newest, merge, noting = ResidentTenant(), {}, None, False
    for step in steps:
        if step == "note":
            noting = not noting
        elif step == "begin":
            merge = merge or index.begin_merge()
        elif step in ("finish", "fail"):
            index.finish_merge(merge_segments(merge.sources) if merge and step == "finish" else None)
            merge = None
        else:
            rows = [_row(key, revision, is_active=(key + revision) % 3 > 0) for key, revision in step]
            for row in rows:
                newest[row.memory_id] = max(newest.get(row.memory_id, 0), row.revision)
            if noting:
                index.note(rows)
            else:
                index.install(*prepare(rows))
        assert _live(index) == {key: revision for key, revision in newest.items() if (key + revision) % 3 > 0}
