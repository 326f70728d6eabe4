"""Behaviour specific to database servers: connections that break, hang, and recover."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest
from mnemo_server.db.connect import connect
from mnemo_server.db.dsn import parse_dsn
from mnemo_server.db.errors import (
    DatabaseError,
    DatabaseUnavailable,
    UniqueViolation,
    UnknownDatabase,
    WriteConflict,
)
from mnemo_server.db.mysql import connection as mysql_connection
from mnemo_server.db.mysql import database as mysql_database
from mnemo_server.db.mysql import pool, session


async def ids(database, queries):
    return [row["id"] for row in await database.fetch_all(queries.list_items, {"tenant_id": 1})]


@pytest.fixture
async def store_items(mysql_queries, make_item):
    """Work for a transaction that stores items 1 and 2, and counts its runs."""

    async def work(connection):
        work.runs += 1
        await connection.execute(mysql_queries.put_item, make_item(1, label="first"))
        await connection.execute(mysql_queries.put_item, make_item(2, label="second"))
        return work.runs

    work.runs = 0
    return work


async def test_the_engine_is_detected(live_dsn, live_server):
    database = await connect(parse_dsn(live_dsn))
    assert (database.engine, database.variant) == (live_server.engine, "mysql")
    await database.close()


async def test_an_absent_database_is_created(live_dsn):
    absent = replace(parse_dsn(live_dsn), database=parse_dsn(live_dsn).database + "_new")
    database = await connect(absent)
    try:
        await database.ping()
    finally:
        await database.execute_script([f"DROP DATABASE {absent.database}"])
        await database.close()


async def test_a_wrong_password_is_reported_without_showing_it(live_dsn):
    wrong_dsn = replace(parse_dsn(live_dsn), user="nobody_here", password="hunter2")
    with pytest.raises(DatabaseUnavailable, match="nobody_here") as caught:
        await connect(wrong_dsn)
    assert "hunter2" not in str(caught.value)


async def test_an_unreachable_address_is_reported_without_the_password(unused_tcp_port):
    unreachable = parse_dsn(f"tidb://root:hunter2@127.0.0.1:{unused_tcp_port}/d")
    with pytest.raises(DatabaseUnavailable, match=rf"root:\*\*\*@127.0.0.1:{unused_tcp_port}/d"):
        await connect(unreachable)


async def test_a_value_that_is_too_long_is_an_error(proxied, mysql_queries, make_item):
    with pytest.raises(DatabaseError, match="label"):
        await proxied.execute(mysql_queries.put_item, make_item(1, label="x" * 21))
    assert await ids(proxied, mysql_queries) == []


async def test_idle_connections_that_the_server_closed_are_replaced(proxied, proxy, mysql_queries):
    await asyncio.gather(*(proxied.ping() for _ in range(4)))
    before = proxied.round_trips
    proxy.drop_all()
    for _ in range(5):
        await asyncio.sleep(0)
    assert await ids(proxied, mysql_queries) == []
    assert proxied.round_trips == before + 1  # noticed without a round trip


async def test_a_read_is_retried_once_when_its_connection_breaks(proxied, proxy, mysql_queries):
    proxy.cut_before = b"SELECT id"
    assert await ids(proxied, mysql_queries) == []
    assert proxy.cuts == 1


async def test_after_one_broken_connection_the_other_idle_ones_are_checked(proxied, proxy, mysql_queries):
    await asyncio.gather(*(proxied.ping() for _ in range(4)))
    idle = [connection for _, connection in (*proxied._readers._idle, *proxied._writers._idle)]
    proxy.cut_before = b"SELECT id"
    await ids(proxied, mysql_queries)
    assert len(idle) == 5
    assert not any(connection.is_usable for connection in idle)


async def test_a_transaction_cancelled_between_statements_is_rolled_back(proxied, mysql_queries, make_item):
    stored = asyncio.Event()

    async def work(connection):
        await connection.execute(mysql_queries.put_item, make_item(1))
        stored.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(proxied.transact(work))
    await stored.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await proxied.transact(lambda connection: connection.execute(mysql_queries.put_item, make_item(2)))
    assert await ids(proxied, mysql_queries) == [2]


async def test_a_write_without_a_transaction_is_not_retried_once_it_was_sent(
    proxied, proxy, mysql_queries, make_item
):
    proxy.cut_after = b"first"
    with pytest.raises(DatabaseUnavailable, match="unknown whether"):
        await proxied.execute(mysql_queries.put_item, make_item(1, label="first"))
    assert proxy.cuts == 1


async def test_a_transaction_that_loses_its_connection_is_retried_once(
    proxied, proxy, mysql_queries, store_items
):
    proxy.cut_before = b"second"
    assert await proxied.transact(store_items) == 2
    assert await ids(proxied, mysql_queries) == [1, 2]


async def test_a_connection_lost_during_commit_leaves_the_outcome_unknown(
    proxied, proxy, mysql_queries, store_items
):
    proxy.cut_after = b"COMMIT"
    with pytest.raises(DatabaseUnavailable, match="unknown whether the change was committed"):
        await proxied.transact(store_items)
    assert store_items.runs == 1
    assert await proxied.transact(lambda connection: ids(connection, mysql_queries)) in ([], [1, 2])


async def test_a_commit_without_a_timely_response_leaves_the_outcome_unknown(proxied, proxy, store_items):
    proxy.swallow = b"COMMIT"
    with pytest.raises(DatabaseUnavailable, match="unknown whether the change was committed"):
        await proxied.transact(store_items, deadline_seconds=0.5)
    assert store_items.runs == 1


async def test_a_transaction_that_hangs_ends_at_its_deadline_and_is_rolled_back(
    proxied, proxy, mysql_queries, store_items
):
    proxy.swallow = b"second"
    started = time.monotonic()
    with pytest.raises(DatabaseUnavailable, match=r"within 0\.5 seconds\.$"):
        await proxied.transact(store_items, deadline_seconds=0.5)
    assert time.monotonic() - started < 3
    proxy.swallow = b""
    assert await ids(proxied, mysql_queries) == []
    await proxied.transact(store_items)


async def test_a_read_that_hangs_times_out(proxied, proxy, monkeypatch):
    monkeypatch.setattr(mysql_database, "STATEMENT_SECONDS", 0.3)
    proxy.is_silent = True
    with pytest.raises(DatabaseUnavailable, match=r"within 0\.3 seconds"):
        await proxied.ping()
    proxy.is_silent = False
    await proxied.ping()


async def test_a_server_that_accepts_and_never_responds_times_out(live_dsn, proxy, monkeypatch):
    monkeypatch.setattr(session, "CONNECT_SECONDS", 0.3)
    proxy.is_silent = True
    silent = replace(parse_dsn(live_dsn), host="127.0.0.1", port=proxy.port)
    with pytest.raises(DatabaseUnavailable, match=r"no response within 0\.3 seconds"):
        await connect(silent)


async def test_everything_works_again_once_the_server_is_back(proxied, proxy, mysql_queries, store_items):
    async def run_all():
        return await asyncio.gather(
            *(proxied.ping() for _ in range(10)),
            *(proxied.transact(store_items) for _ in range(10)),
            return_exceptions=True,
        )

    await asyncio.gather(*(proxied.ping() for _ in range(8)))
    await proxy.stop()
    async with asyncio.timeout(10):
        for error in await run_all():
            assert isinstance(error, DatabaseUnavailable)
    await proxy.start()
    outcomes = await run_all()
    assert outcomes[:10] == [None] * 10
    unexpected = [one for one in outcomes[10:] if not isinstance(one, int | UniqueViolation)]
    assert unexpected == []
    assert await ids(proxied, mysql_queries) == [1, 2]


async def test_transactions_that_deadlock_are_retried(proxied, mysql_queries, make_item):
    await proxied.execute_many(mysql_queries.put_item, [make_item(n, weight=0.0) for n in (1, 2)])
    both_have_one_lock = asyncio.Barrier(2)
    runs = []

    async def work(connection, first, second):
        runs.append(first)
        await connection.execute(mysql_queries.add_weight, make_item(first))
        if len(runs) <= 2:
            await both_have_one_lock.wait()
        await connection.execute(mysql_queries.add_weight, make_item(second))

    await asyncio.gather(
        proxied.transact(lambda connection: work(connection, 1, 2)),
        proxied.transact(lambda connection: work(connection, 2, 1)),
    )
    assert len(runs) > 2
    for item_id in (1, 2):
        row = await proxied.fetch_one(mysql_queries.find_item, make_item(item_id))
        assert row["weight"] == 2


async def test_retries_are_limited(proxied):
    runs = []

    async def work(_connection):
        runs.append(1)
        raise WriteConflict("put_item: another transaction was in the way.")

    with pytest.raises(WriteConflict):
        await proxied.transact(work)
    assert len(runs) == 5


async def test_a_conflict_that_the_work_hides_is_not_committed(proxied, mysql_queries, store_items):
    """The server has rolled back the statements before a deadlock; a commit would keep only later ones."""

    async def work(connection):
        runs = await store_items(connection)
        if runs == 1:
            connection._failure = WriteConflict("put_item: another transaction was in the way.")
        return runs

    assert await proxied.transact(work) == 2
    assert await ids(proxied, mysql_queries) == [1, 2]


async def test_waiting_for_a_lock_ends_before_the_deadline_of_the_transaction(
    proxied, mysql_queries, make_item, monkeypatch
):
    monkeypatch.setattr(mysql_database, "_ATTEMPTS", 2)
    short_timeouts = [text.replace("wait_timeout = 3", "wait_timeout = 1") for text in session._SETTINGS]
    assert short_timeouts != list(session._SETTINGS)
    monkeypatch.setattr(session, "_SETTINGS", short_timeouts)
    proxied._writers.forget_idle()
    await proxied.execute(mysql_queries.put_item, make_item(1, weight=0.0))
    has_lock, may_end = asyncio.Event(), asyncio.Event()

    async def hold_lock(connection):
        await connection.execute(mysql_queries.add_weight, make_item(1))
        has_lock.set()
        await may_end.wait()

    holder = asyncio.create_task(proxied.transact(hold_lock))
    await has_lock.wait()
    with pytest.raises(WriteConflict, match="add_weight"):
        await proxied.transact(lambda connection: connection.execute(mysql_queries.add_weight, make_item(1)))
    may_end.set()
    await holder
    row = await proxied.fetch_one(mysql_queries.find_item, make_item(1))
    assert row["weight"] == 1


async def test_idle_connections_are_replaced_after_a_while(proxied, monkeypatch):
    await proxied.ping()
    (_, used) = proxied._readers._idle[-1]
    monkeypatch.setattr(pool, "IDLE_SECONDS", 0.0)
    await proxied.ping()
    assert not used.is_usable
    assert proxied._readers._idle[-1][1] is not used


async def test_the_pool_never_exceeds_its_size(proxied):
    async def work(_connection):
        nonlocal running, max_running
        running += 1
        max_running = max(max_running, running)
        await asyncio.sleep(0.002)
        running -= 1

    running = max_running = 0
    await asyncio.gather(*(proxied.transact(work) for _ in range(30)))
    assert max_running == 4


async def test_a_database_that_the_user_may_not_create_is_reported(monkeypatch):
    async def refuse(*_args, **_kwargs):
        raise UnknownDatabase("Connecting to root@h:1/d: the database returned error 1049.")

    monkeypatch.setattr(mysql_database, "open_session", refuse)
    with pytest.raises(UnknownDatabase):
        await connect(parse_dsn("tidb://root@h:1/d"))


def test_batches_stay_below_the_size_of_a_packet(monkeypatch):
    monkeypatch.setattr(mysql_connection, "_BATCH_CHARACTERS", 10)
    assert list(mysql_connection._batches(["aaaa", "bbbb", "cccc", "d" * 30])) == [
        "aaaa,bbbb",
        "cccc",
        "d" * 30,
    ]
