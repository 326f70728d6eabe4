"""What is specific to database servers: connections that break, hang, and come back."""

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
async def storing(mysql_queries, make_item):
    """Work that stores items 1 and 2, and counts how often it runs."""

    async def work(connection):
        work.runs += 1
        await connection.execute(mysql_queries.put_item, make_item(1, label="first"))
        await connection.execute(mysql_queries.put_item, make_item(2, label="second"))
        return work.runs

    work.runs = 0
    return work


async def test_the_engine_is_what_answers(live_dsn, live_server):
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


async def test_a_wrong_password_is_told_without_the_password(live_dsn):
    wrong = replace(parse_dsn(live_dsn), user="nobody_here", password="hunter2")
    with pytest.raises(DatabaseUnavailable, match="nobody_here") as caught:
        await connect(wrong)
    assert "hunter2" not in str(caught.value)


async def test_nobody_at_the_address_is_told(unused_tcp_port):
    nobody = parse_dsn(f"tidb://root:hunter2@127.0.0.1:{unused_tcp_port}/d")
    with pytest.raises(DatabaseUnavailable, match=rf"root:\*\*\*@127.0.0.1:{unused_tcp_port}/d"):
        await connect(nobody)


async def test_a_value_that_is_too_long_is_an_error(distant, mysql_queries, make_item):
    with pytest.raises(DatabaseError, match="label"):
        await distant.execute(mysql_queries.put_item, make_item(1, label="x" * 21))
    assert await ids(distant, mysql_queries) == []


async def test_reads_survive_connections_that_the_server_closed_while_idle(distant, proxy, mysql_queries):
    await asyncio.gather(*(distant.ping() for _ in range(4)))
    before = distant.round_trips
    proxy.drop_all()
    for _ in range(5):
        await asyncio.sleep(0)
    assert await ids(distant, mysql_queries) == []
    assert distant.round_trips == before + 1  # noticed without asking


async def test_a_read_is_retried_once_when_its_connection_breaks(distant, proxy, mysql_queries):
    proxy.cut_before = b"SELECT id"
    assert await ids(distant, mysql_queries) == []
    assert proxy.cuts == 1


async def test_one_broken_connection_makes_the_others_suspect(distant, proxy, mysql_queries):
    await asyncio.gather(*(distant.ping() for _ in range(4)))
    idle = [connection for _, connection in (*distant._readers._idle, *distant._writers._idle)]
    proxy.cut_before = b"SELECT id"
    await ids(distant, mysql_queries)
    assert len(idle) == 5
    assert not any(connection.is_usable for connection in idle)


async def test_a_transaction_cancelled_between_statements_does_not_go_on(distant, mysql_queries, make_item):
    stored = asyncio.Event()

    async def work(connection):
        await connection.execute(mysql_queries.put_item, make_item(1))
        stored.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(distant.transact(work))
    await stored.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await distant.transact(lambda connection: connection.execute(mysql_queries.put_item, make_item(2)))
    assert await ids(distant, mysql_queries) == [2]


async def test_a_lone_write_is_not_retried_once_it_was_sent(distant, proxy, mysql_queries, make_item):
    proxy.cut_after = b"first"
    with pytest.raises(DatabaseUnavailable, match="unknown whether"):
        await distant.execute(mysql_queries.put_item, make_item(1, label="first"))
    assert proxy.cuts == 1


async def test_a_transaction_that_loses_its_connection_runs_once_more(distant, proxy, mysql_queries, storing):
    proxy.cut_before = b"second"
    assert await distant.transact(storing) == 2
    assert await ids(distant, mysql_queries) == [1, 2]


async def test_a_connection_lost_during_commit_leaves_the_outcome_unknown(
    distant, proxy, mysql_queries, storing
):
    proxy.cut_after = b"COMMIT"
    with pytest.raises(DatabaseUnavailable, match="unknown whether the change was committed"):
        await distant.transact(storing)
    assert storing.runs == 1
    assert await distant.transact(lambda connection: ids(connection, mysql_queries)) in ([], [1, 2])


async def test_a_commit_without_an_answer_in_time_leaves_the_outcome_unknown(distant, proxy, storing):
    proxy.swallow = b"COMMIT"
    with pytest.raises(DatabaseUnavailable, match="unknown whether the change was committed"):
        await distant.transact(storing, deadline_seconds=0.5)
    assert storing.runs == 1


async def test_a_transaction_that_hangs_ends_at_its_deadline_and_is_rolled_back(
    distant, proxy, mysql_queries, storing
):
    proxy.swallow = b"second"
    started = time.monotonic()
    with pytest.raises(DatabaseUnavailable, match=r"within 0\.5 seconds\.$"):
        await distant.transact(storing, deadline_seconds=0.5)
    assert time.monotonic() - started < 3
    proxy.swallow = b""
    assert await ids(distant, mysql_queries) == []
    await distant.transact(storing)


async def test_a_read_that_hangs_ends_in_time(distant, proxy, monkeypatch):
    monkeypatch.setattr(mysql_database, "STATEMENT_SECONDS", 0.3)
    proxy.is_silent = True
    with pytest.raises(DatabaseUnavailable, match=r"within 0\.3 seconds"):
        await distant.ping()
    proxy.is_silent = False
    await distant.ping()


async def test_a_server_that_accepts_and_says_nothing_is_given_up(live_dsn, proxy, monkeypatch):
    monkeypatch.setattr(session, "CONNECT_SECONDS", 0.3)
    proxy.is_silent = True
    silent = replace(parse_dsn(live_dsn), host="127.0.0.1", port=proxy.port)
    with pytest.raises(DatabaseUnavailable, match=r"no response within 0\.3 seconds"):
        await connect(silent)


async def test_everything_works_again_once_the_server_is_back(distant, proxy, mysql_queries, storing):
    async def everything():
        return await asyncio.gather(
            *(distant.ping() for _ in range(10)),
            *(distant.transact(storing) for _ in range(10)),
            return_exceptions=True,
        )

    await asyncio.gather(*(distant.ping() for _ in range(8)))
    await proxy.stop()
    async with asyncio.timeout(10):
        for error in await everything():
            assert isinstance(error, DatabaseUnavailable)
    await proxy.start()
    outcomes = await everything()
    assert outcomes[:10] == [None] * 10
    unexpected = [one for one in outcomes[10:] if not isinstance(one, int | UniqueViolation)]
    assert unexpected == []
    assert await ids(distant, mysql_queries) == [1, 2]


async def test_transactions_that_deadlock_run_again(distant, mysql_queries, make_item):
    await distant.execute_many(mysql_queries.put_item, [make_item(n, weight=0.0) for n in (1, 2)])
    both_hold_one = asyncio.Barrier(2)
    runs = []

    async def work(connection, first, second):
        runs.append(first)
        await connection.execute(mysql_queries.add_weight, make_item(first))
        if len(runs) <= 2:
            await both_hold_one.wait()
        await connection.execute(mysql_queries.add_weight, make_item(second))

    await asyncio.gather(
        distant.transact(lambda connection: work(connection, 1, 2)),
        distant.transact(lambda connection: work(connection, 2, 1)),
    )
    assert len(runs) > 2
    for item_id in (1, 2):
        row = await distant.fetch_one(mysql_queries.find_item, make_item(item_id))
        assert row["weight"] == 2


async def test_retries_come_to_an_end(distant):
    runs = []

    async def work(_connection):
        runs.append(1)
        raise WriteConflict("put_item: another transaction was in the way.")

    with pytest.raises(WriteConflict):
        await distant.transact(work)
    assert len(runs) == 5


async def test_a_conflict_that_the_work_hides_is_not_committed(distant, mysql_queries, storing):
    """After a deadlock the server has undone what came before; a commit would keep the rest alone."""

    async def work(connection):
        runs = await storing(connection)
        if runs == 1:
            connection._failure = WriteConflict("put_item: another transaction was in the way.")
        return runs

    assert await distant.transact(work) == 2
    assert await ids(distant, mysql_queries) == [1, 2]


async def test_waiting_for_a_lock_ends_before_the_deadline_of_the_transaction(
    distant, mysql_queries, make_item, monkeypatch
):
    monkeypatch.setattr(mysql_database, "_ATTEMPTS", 2)
    hasty = [text.replace("wait_timeout = 3", "wait_timeout = 1") for text in session._SETTINGS]
    assert hasty != list(session._SETTINGS)
    monkeypatch.setattr(session, "_SETTINGS", hasty)
    distant._writers.forget_idle()
    await distant.execute(mysql_queries.put_item, make_item(1, weight=0.0))
    holds, may_end = asyncio.Event(), asyncio.Event()

    async def hold(connection):
        await connection.execute(mysql_queries.add_weight, make_item(1))
        holds.set()
        await may_end.wait()

    holder = asyncio.create_task(distant.transact(hold))
    await holds.wait()
    with pytest.raises(WriteConflict, match="add_weight"):
        await distant.transact(lambda connection: connection.execute(mysql_queries.add_weight, make_item(1)))
    may_end.set()
    await holder
    row = await distant.fetch_one(mysql_queries.find_item, make_item(1))
    assert row["weight"] == 1


async def test_idle_connections_are_replaced_after_a_while(distant, monkeypatch):
    await distant.ping()
    (_, used) = distant._readers._idle[-1]
    monkeypatch.setattr(pool, "IDLE_SECONDS", 0.0)
    await distant.ping()
    assert not used.is_usable
    assert distant._readers._idle[-1][1] is not used


async def test_the_pool_never_exceeds_its_size(distant):
    async def work(_connection):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.002)
        running -= 1

    running = most = 0
    await asyncio.gather(*(distant.transact(work) for _ in range(30)))
    assert most == 4


async def test_a_database_that_the_user_may_not_create_is_told(monkeypatch):
    async def refuse(*_args, **_kwargs):
        raise UnknownDatabase("Connecting to root@h:1/d: the database returned error 1049.")

    monkeypatch.setattr(mysql_database, "open_session", refuse)
    with pytest.raises(UnknownDatabase):
        await connect(parse_dsn("tidb://root@h:1/d"))


def test_batches_stay_below_a_packet(monkeypatch):
    monkeypatch.setattr(mysql_connection, "_BATCH_CHARACTERS", 10)
    assert list(mysql_connection._batches(["aaaa", "bbbb", "cccc", "d" * 30])) == [
        "aaaa,bbbb",
        "cccc",
        "d" * 30,
    ]
