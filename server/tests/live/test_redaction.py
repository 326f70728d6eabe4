"""Secrets that were stored before redaction was on are removed from every table, and the rest is kept."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from mnemo_server.app import open_services
from mnemo_server.domain.clock import system_clock
from mnemo_server.domain.idempotency import IdempotentRequest
from mnemo_server.domain.ids import IdSource
from mnemo_server.domain.jobs import Again, JobLost, after_result
from mnemo_server.index.segments.entries import decode_terms, hash_term
from mnemo_server.services.caller import Caller
from mnemo_server.services.redaction import sweep as redaction_sweep
from mnemo_server.settings import Settings
from mnemo_server.stores.jobs.records import Claim
from mnemo_server.stores.opening import open_stores
from mnemos_contract.errors import InvalidRequest
from mnemos_contract.history import RestoreRequest
from mnemos_contract.jobs import RedactRequest
from mnemos_contract.listing import ListQuery
from mnemos_contract.messages import Message
from mnemos_contract.recalls import RecallRequest
from mnemos_contract.writing import StoreRequest, UpdateRequest

from tests.support.databases import peek

TOKEN = ("ghp_" + "Zq7Xw2Lk9Rt4Vb6Nm1Pc" * 2)[:40]
PASSWORD = "hT9vXq2LmZ8w"
CALLER = Caller(tenant_id=7, key_id=1, request_id="r-1", agent_id="ann")
TABLES = ("memories", "memory_tags", "events", "idempotency", "jobs", "sessions", "recalls")


@asynccontextmanager
async def open_server(dsn: str, *, redact: bool):
    settings = Settings(dsn=dsn, redact=redact, embedder="none", provision_per_hour=0)
    async with open_services(settings) as services:
        yield services


async def store(services, content: str | None, key_name: str | None = None, **fields) -> dict:
    request = StoreRequest(content=content, **fields)
    key = None if key_name is None else IdempotentRequest(key_name, b"h" * 32)
    return json.loads((await services.memories.store(CALLER, request, key)).json)


async def store_messages(services, *messages: Message, session_id: str = "s-1") -> dict:
    request = StoreRequest(messages=list(messages), session_id=session_id)
    return json.loads((await services.messages.store(CALLER, request, None)).json)


async def recall(services, prompt: str, **fields) -> None:
    """Recall for a prompt, and wait until that is recorded."""
    recording = asyncio.create_task(services.recall_journal.run())
    await services.recalls.recall(CALLER, RecallRequest(prompt=prompt, **fields))
    await services.recall_journal.settle()
    recording.cancel()
    await asyncio.gather(recording, return_exceptions=True)


async def sweep(services, *, dry_run: bool) -> dict:
    """Request a sweep, run jobs until it is done, and return the job's detail."""
    job = await services.sweep.ask(CALLER, RedactRequest(dry_run=dry_run))
    running = asyncio.create_task(services.job_runner.run())
    try:
        async with asyncio.timeout(60):
            while job.state.value not in ("done", "failed"):
                await asyncio.sleep(0.02)
                job = await services.jobs.get(CALLER, job.id)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert job.error is None
    return job.detail


def read_tables(dsn: str) -> dict[str, list]:
    return {table: peek.fetch_rows(dsn, f"SELECT * FROM {table};") for table in TABLES}  # noqa: S608


def find_leaks(dsn: str) -> list[str]:
    """Return the tables that still contain a secret, and the search entries with a term of one."""
    found = [table for table, rows in read_tables(dsn).items() if TOKEN in str(rows) or PASSWORD in str(rows)]
    hashes = {hash_term(text.lower()) for text in (TOKEN, PASSWORD)}
    entries = peek.fetch_rows(dsn, "SELECT terms FROM search_entries;")
    entry_terms = [set(decode_terms((row["terms"],)).hashes.tolist()) for row in entries]
    return found + ["search_entries" for terms in entry_terms if hashes & terms]


MESSAGES = (
    Message(role="user", content=f"the staging password is {PASSWORD}"),
    Message(role="assistant", content="Noted.", created_at="2024-05-01T12:00:00Z"),
    Message(role="user", content=f"push with {TOKEN}", created_at="2024-05-01T12:01:00Z", name="Ann"),
)


async def fill(services) -> dict[str, str]:
    """Store secrets in every field that can contain one; return the ids."""
    everywhere = await store(
        services,
        f"The orchard deploys with {TOKEN} on Fridays",
        key_name="k-1",
        tags=["deploy", TOKEN],
        metadata={"password": PASSWORD, "list": [TOKEN, 3]},
        source=f"notes {TOKEN}",
        subject=f"ci/{TOKEN}",
    )
    changed = await store(services, f"The lighthouse password is {PASSWORD}")
    await services.memories.update(
        CALLER, changed["id"], UpdateRequest(content="The lighthouse is dark"), None
    )
    older = await store(services, f"Meadow uses {TOKEN}", subject="meadow")
    newer = await store(services, "Meadow uses nothing", subject="meadow")
    deleted = await store(services, f"The quarry has {TOKEN}")
    await services.memories.delete(CALLER, deleted["id"])
    pinned = await store(services, f"Pebble opens with {TOKEN}", memory_type="pinned")
    await store(services, f"Pebble opens with {TOKEN}", metadata={"again": TOKEN})
    plain = await store(services, "The harbour opens at nine")
    await store_messages(services, *MESSAGES)
    await recall(services, f"push the orchard with {TOKEN}", session_id=f"s-{TOKEN}", project=TOKEN)
    named = {"everywhere": everywhere, "changed": changed, "older": older, "newer": newer}
    named |= {"deleted": deleted, "pinned": pinned, "plain": plain}
    return {name: response["id"] for name, response in named.items()}


async def test_a_dry_run_counts_what_a_sweep_removes_and_changes_nothing(database_dsn):
    async with open_server(database_dsn, redact=False) as services:
        await fill(services)
    before = await asyncio.to_thread(read_tables, database_dsn)
    async with open_server(database_dsn, redact=True) as services:
        dry_run_detail = await sweep(services, dry_run=True)
        after = await asyncio.to_thread(read_tables, database_dsn)
        sweep_detail = await sweep(services, dry_run=False)

    assert {**after, "jobs": []} == {**before, "jobs": []}
    assert (dry_run_detail["dry_run"], dry_run_detail["changed"]) == (True, 0)
    assert set(dry_run_detail["found"]) == {"github_token", "password"}
    assert sweep_detail["found"] == dry_run_detail["found"]


async def test_after_a_sweep_no_table_contains_a_secret_and_a_second_one_finds_nothing(database_dsn):
    async with open_server(database_dsn, redact=False) as services:
        await fill(services)
    assert len(set(await asyncio.to_thread(find_leaks, database_dsn))) >= 5
    async with open_server(database_dsn, redact=True) as services:
        first = await sweep(services, dry_run=False)
        second = await sweep(services, dry_run=False)

    assert await asyncio.to_thread(find_leaks, database_dsn) == []
    assert first["changed"] > 0
    assert second == {"dry_run": False, "found": {}, "changed": 0}
    assert await asyncio.to_thread(peek.find_broken_pairs, database_dsn) == {}


async def test_redacted_memories_keep_their_other_fields_and_are_found_by_the_rest_of_their_text(
    database_dsn,
):
    async with open_server(database_dsn, redact=False) as services:
        ids = await fill(services)
    async with open_server(database_dsn, redact=True) as services:
        await sweep(services, dry_run=False)
        memory = await services.memories.get(CALLER, ids["everywhere"])
        page = await services.search.find(CALLER, ListQuery(q="orchard fridays"))
        tagged = await services.search.find(CALLER, ListQuery(tags="deploy"))
        deleted = await services.history.read(CALLER, ids["deleted"])
        old = await services.history.read(CALLER, ids["older"])
        plain = await services.memories.get(CALLER, ids["plain"])

    assert memory.content.startswith("The orchard deploys with [redacted:github_token:")
    assert (memory.version, memory.tags[0], memory.metadata["list"][1]) == (2, "deploy", 3)
    assert [page.memories[0].id, tagged.memories[0].id] == [ids["everywhere"]] * 2
    assert (deleted.memory.state.value, deleted.changes[0].action) == ("deleted", "redacted")
    assert (old.memory.superseded_by, old.changes[0].action) == (ids["newer"], "redacted")
    assert plain.version == 1


async def test_the_history_stays_readable_and_earlier_versions_are_restored_without_secrets(database_dsn):
    async with open_server(database_dsn, redact=False) as services:
        ids = await fill(services)
    async with open_server(database_dsn, redact=True) as services:
        early = await services.history.restore(CALLER, ids["changed"], RestoreRequest(version=1), None)
        await sweep(services, dry_run=False)
        history = await services.history.read(CALLER, ids["changed"])
        back = await services.history.restore(CALLER, ids["deleted"], RestoreRequest(), None)

    assert PASSWORD not in early.json.decode()
    assert [change.action for change in history.changes] == ["restored", "updated", "created"]
    assert history.changes[1].before["content"].startswith("The lighthouse password is [redacted:password:")
    assert "quarry has [redacted:" in back.model.content


async def test_a_redacted_message_that_is_sent_again_is_a_duplicate(database_dsn):
    async with open_server(database_dsn, redact=False) as services:
        await store_messages(services, *MESSAGES)
    async with open_server(database_dsn, redact=True) as services:
        await sweep(services, dry_run=False)
        again = await store_messages(services, *MESSAGES)
        more = await store_messages(services, MESSAGES[-1], Message(role="user", content="and now?"))

    assert (again["stored"], again["duplicates"]) == (0, 3)
    assert (more["stored"], more["duplicates"]) == (1, 1)


async def test_the_id_of_a_session_is_redacted_with_its_messages(database_dsn):
    async with open_server(database_dsn, redact=False) as services:
        await store_messages(services, *MESSAGES, session_id=f"run {TOKEN}")
    async with open_server(database_dsn, redact=True) as services:
        await sweep(services, dry_run=False)
        again = await store_messages(services, *MESSAGES, session_id=f"run {TOKEN}")

    assert (again["stored"], again["duplicates"]) == (0, 3)
    assert await asyncio.to_thread(find_leaks, database_dsn) == []
    assert await asyncio.to_thread(peek.find_broken_pairs, database_dsn) == {}


async def claim(stores, name: str):
    now = system_clock()
    return await stores.jobs.claim(7, Claim(name, ("redact",), now, now + 60_000_000, now))


async def no_progress(_done: int, _total: int) -> None:
    """Progress isn't used."""


async def test_an_interrupted_run_is_continued_and_counts_nothing_twice(database_dsn, monkeypatch):
    monkeypatch.setattr(redaction_sweep, "ROWS", 3)
    monkeypatch.setattr(redaction_sweep, "_WRITTEN", 2)
    async with open_server(database_dsn, redact=False) as services:
        await fill(services)
    async with open_server(database_dsn, redact=True) as services:
        dry_run_detail = await sweep(services, dry_run=True)
        stores = await asyncio.to_thread(open_stores, services.database, IdSource(system_clock), system_clock)
        await services.sweep.ask(CALLER, RedactRequest(dry_run=False))
        for number in range(100):
            job = await claim(stores, f"c-{number}")
            result = await services.sweep.work(job, no_progress)
            # Every other run dies before it can report its result.
            detail = None if number % 2 and isinstance(result, Again) else result.detail
            outcome = Again() if detail is None else result
            now = system_clock()
            after = await stores.jobs.release(
                job,
                lambda entry_terms, r=outcome, j=job, t=now: after_result(r, j, entry_terms, t),
                now,
                detail=detail,
            )
            if after.state == "done":
                break
        sweep_detail = (await stores.jobs.find(7, job.id)).detail

    assert number > 10
    assert sweep_detail["found"] == dry_run_detail["found"]
    assert await asyncio.to_thread(find_leaks, database_dsn) == []


async def test_a_run_that_lost_its_claim_writes_nothing(database_dsn):
    async with open_server(database_dsn, redact=False) as services:
        await fill(services)
    async with open_server(database_dsn, redact=True) as services:
        await services.sweep.ask(CALLER, RedactRequest(dry_run=False))
        stores = await asyncio.to_thread(open_stores, services.database, IdSource(system_clock), system_clock)
        job = await claim(stores, "mine")
        assert isinstance(await services.sweep.work(job, no_progress), Again)  # sessions
        now = system_clock()
        await stores.jobs.release(job, lambda entry_terms: after_result(Again(), job, entry_terms, now), now)
        taken_over = await claim(stores, "other")
        lost = replace(job, detail={"at": {"place": "memories", "total": 9}})
        before = await asyncio.to_thread(read_tables, database_dsn)
        with pytest.raises(JobLost):
            await services.sweep.work(lost, no_progress)

    assert taken_over is not None
    assert await asyncio.to_thread(read_tables, database_dsn) == before


async def test_a_memory_that_changes_during_the_sweep_is_redacted_in_its_new_state(database_dsn, monkeypatch):
    async with (
        open_server(database_dsn, redact=False) as plain,
        open_server(database_dsn, redact=True) as services,
    ):
        memory_id = (await store(plain, f"Lantern is lit by {TOKEN}"))["id"]
        rewrite_memories = services.sweep._store.rewrite_memories

        async def late(*arguments):
            text = UpdateRequest(content=f"Lantern is lit by {TOKEN} and {TOKEN[:-1]}Q")
            await plain.memories.update(CALLER, memory_id, text, None)
            return await rewrite_memories(*arguments)

        monkeypatch.setattr(services.sweep._store, "rewrite_memories", late)
        found = (await sweep(services, dry_run=False))["found"]
        memory = await services.memories.get(CALLER, memory_id)

    assert memory.content.count("[redacted:github_token:") == 2
    assert memory.version == 3
    assert found["github_token"] >= 3
    assert await asyncio.to_thread(find_leaks, database_dsn) == []


async def test_a_server_without_redaction_rejects_a_sweep(database_dsn):
    async with open_server(database_dsn, redact=False) as services:
        with pytest.raises(InvalidRequest, match="MNEMO_REDACT"):
            await services.sweep.ask(CALLER, RedactRequest())
