"""Recall records, and the last session of a project, on every engine."""

from __future__ import annotations

from dataclasses import replace

from mnemo_server.stores.opening import Stores
from mnemo_server.stores.recalls import Considered, RecallRecord

from .factories import ACTOR, TENANT, make_memory

RECORD = RecallRecord(
    tenant_id=TENANT,
    id=1,
    event="prompt",
    prompt="which wood?",
    session_id="s1",
    project="boat",
    agent_id="ann",
    silence=None,
    tokens=40,
    elapsed_ms=12,
    considered=(Considered(7, 61, None), Considered(8, 3, "weak")),
    created_at=1_000,
)


async def append_messages(
    stores: Stores, session_id: str, *contents: str, project: str | None = "boat", at: int
) -> None:
    """Append messages to a session."""
    fields = {"memory_type": "session", "role": "user", "session_id": session_id, "project": project}

    def select(_held: object) -> list:
        return [
            make_memory(at * 100 + seq, content, seq=seq, **fields) for seq, content in enumerate(contents)
        ]

    await stores.sessions.append(
        TENANT,
        session_id,
        ACTOR,
        at,
        seqs=None,
        window_length=len(contents),
        select_new=select,
        job=lambda _: None,
        respond=lambda _: None,  # type: ignore[arg-type,return-value]
    )


async def test_a_record_is_read_as_it_was_stored(stores: Stores):
    await stores.recalls.put(RECORD)

    assert await stores.recalls.find(TENANT, 1) == RECORD
    assert await stores.recalls.find(TENANT, 2) is None
    assert await stores.recalls.find(TENANT + 1, 1) is None


async def test_records_are_listed_latest_first_by_session_and_by_silence(stores: Stores):
    silent = replace(RECORD, id=2, silence="not_needed", considered=())
    other = replace(RECORD, id=3, session_id="s2", prompt=None, project=None, agent_id=None)
    for record in (RECORD, silent, other, replace(RECORD, tenant_id=TENANT + 1, id=4)):
        await stores.recalls.put(record)

    async def ids(session_id: str | None, *, silent: bool | None, limit: int = 9) -> list[int]:
        found = await stores.recalls.list_latest(TENANT, session_id=session_id, silent=silent, limit=limit)
        return [one.id for one in found]

    assert await ids(None, silent=None) == [3, 2, 1]
    assert await ids("s1", silent=None) == [2, 1]
    assert await ids("s1", silent=True) == [2]
    assert await ids(None, silent=False, limit=1) == [3]


async def test_old_records_are_removed(stores: Stores):
    await stores.recalls.put(RECORD)
    await stores.recalls.put(replace(RECORD, id=2, created_at=2_000))

    assert await stores.recalls.remove(before=2_000) == 1
    assert await stores.recalls.find(TENANT, 1) is None
    assert await stores.recalls.find(TENANT, 2) is not None


async def test_the_last_session_of_a_project_is_read_in_order(stores: Stores):
    await append_messages(stores, "old", "an old word", at=1)
    await append_messages(stores, "last", "first", "second", "third", at=2)
    await append_messages(stores, "elsewhere", "of another project", project="house", at=3)
    await append_messages(stores, "nowhere", "of no project", project=None, at=4)
    await append_messages(stores, "now", "of the present session", at=5)

    async def read(project: str | None, limit: int = 2) -> list[str]:
        found = await stores.recalls.read_last_session(TENANT, project, but="now", limit=limit)
        return [one.content for one in found]

    assert await read("boat") == ["second", "third"]
    assert await read("house") == ["of another project"]
    assert await read(None) == ["of no project"]
    assert await read("garden") == []
