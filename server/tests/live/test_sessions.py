from __future__ import annotations

import asyncio
from collections.abc import Sequence

from mnemo_server.domain.idempotency import IdempotentRequest, KeptResponse
from mnemo_server.domain.ids import IdSource
from mnemo_server.domain.jobs import JobRequest
from mnemo_server.domain.memories.memory import hash_content
from mnemo_server.stores.opening import Stores
from mnemo_server.stores.records import Appended, HeldMessages, WrittenMemory
from mnemos_contract.base import WireModel

from .factories import ACTOR, TENANT, make_memory


def append_texts(ids: IdSource, session_id: str, *texts: str):
    """Return a `select_new` that appends all texts to the session."""

    def place(held: HeldMessages) -> list[WrittenMemory]:
        return [
            make_memory(
                ids.new_id(),
                text,
                memory_type="session",
                session_id=session_id,
                seq=held.next_seq + order,
                role="user",
            )
            for order, text in enumerate(texts)
        ]

    return place


class SessionCount(WireModel):
    """The response of these tests."""

    stored: int


async def append(stores: Stores, ids: IdSource, session_id: str, *texts: str, **options):
    options = {
        "seqs": None,
        "window_length": len(texts),
        "job": lambda _: None,
        "select_new": append_texts(ids, session_id, *texts),
        "respond": lambda appended: SessionCount(stored=len(appended.written)),
        **options,
    }
    appended = await stores.sessions.append(TENANT, session_id, ACTOR, 5, **options)
    return appended if isinstance(appended, KeptResponse) else appended[0]


async def test_messages_are_read_in_their_order(stores: Stores, ids: IdSource):
    await append(stores, ids, "s", "one", "two")
    await append(stores, ids, "s", "three")
    await append(stores, ids, "t", "other")

    messages = await stores.sessions.list_messages(TENANT, ["t", "s"], 500)

    assert [(one.session_id, one.seq, one.content) for one in messages] == [
        ("s", 0, "one"),
        ("s", 1, "two"),
        ("s", 2, "three"),
        ("t", 0, "other"),
    ]


async def test_a_limit_keeps_the_latest_messages_of_each_session(stores: Stores, ids: IdSource):
    await append(stores, ids, "s", "one", "two", "three")
    await append(stores, ids, "t", "four", "five", "six")

    messages = await stores.sessions.list_messages(TENANT, ["s", "t"], 2)

    assert [one.content for one in messages] == ["two", "three", "five", "six"]


async def test_select_new_gets_the_messages_of_the_session(stores: Stores, ids: IdSource):
    await append(stores, ids, "s", "one", "two")
    seen: list[HeldMessages] = []

    def record_held(held: HeldMessages) -> list[WrittenMemory]:
        seen.append(held)
        return []

    await append(stores, ids, "s", select_new=record_held)
    await append(stores, ids, "s", select_new=record_held, seqs=[1, 7])
    await append(stores, ids, "new", select_new=record_held)

    both = ((0, hash_content("one")), (1, hash_content("two")))
    assert seen == [HeldMessages(both, 2), HeldMessages(both[1:], 2), HeldMessages((), 0)]


async def test_concurrent_writers_take_turns(stores: Stores, ids: IdSource):
    await asyncio.gather(*(append(stores, ids, "s", f"{number}", f"{number}'") for number in range(12)))

    messages = await stores.sessions.list_messages(TENANT, ["s"], 500)

    assert [one.seq for one in messages] == list(range(24))
    pairs = [one.content for one in messages]
    assert all(second == f"{first}'" for first, second in zip(pairs[::2], pairs[1::2], strict=True))


async def test_a_repeated_key_appends_once(stores: Stores, ids: IdSource):
    idempotency = IdempotentRequest("k", b"r" * 32)

    first = await append(stores, ids, "s", "one", once=idempotency)
    second = await append(stores, ids, "s", "one", once=idempotency)

    assert isinstance(first, Appended)
    assert second == KeptResponse(b"r" * 32, b'{"stored":1}')
    assert len(await stores.sessions.list_messages(TENANT, ["s"], 500)) == 1


async def test_sessions_of_another_tenant_do_not_exist(stores: Stores, ids: IdSource):
    await append(stores, ids, "s", "one")

    assert await stores.sessions.list_messages(2, ["s"], 500) == []


async def test_deleted_messages_are_not_read_but_still_known(stores: Stores, ids: IdSource):
    written = await append(stores, ids, "s", "one")
    assert isinstance(written, Appended)
    await stores.memories.delete(TENANT, [written.written[0].memory.id], ACTOR, 5)
    seen: list[HeldMessages] = []

    await append(stores, ids, "s", select_new=lambda held: seen.append(held) or [])

    assert await stores.sessions.list_messages(TENANT, ["s"], 500) == []
    assert seen[0].fingerprints == ((0, hash_content("one")),)


async def test_a_job_is_requested_for_new_messages_only(stores: Stores, ids: IdSource):
    requested_ids: list[list[int]] = []

    def make_job(message_ids: Sequence[int]) -> JobRequest:
        requested_ids.append(list(message_ids))
        return JobRequest(TENANT, "enrich", "session:s", tuple(message_ids))

    first = await append(stores, ids, "s", "one", "two", job=make_job)
    nothing = await append(stores, ids, "s", select_new=lambda _: [], job=make_job)

    assert isinstance(first, Appended)
    assert isinstance(nothing, Appended)
    assert requested_ids == [[one.memory.id for one in first.written]]
    assert first.job_id is not None
    assert nothing.job_id is None
    (job,) = await stores.jobs.list_latest(TENANT, None, 10)
    assert (job.id, job.target) == (first.job_id, "session:s")
