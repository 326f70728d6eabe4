"""Behaviour that is the same on every engine."""

from __future__ import annotations

import asyncio
import random

import pytest
from mnemo_server.db.errors import DatabaseError, UniqueViolation

ODD_TEXTS = [
    "",
    "it's",
    '"quoted"',
    "back\\slash \\' \\",
    "100% %s %(id)s %%",
    "tab\t line\n return\r end\x1a",
    "ünïcødé",
    "日本語 한국어 العربية",
    "🧠🏳️‍🌈",
    "\u200b\ufeff\uffff",
    ":id (:ids...) ; -- no comment /* none */",
    "x" * 100_000,
]
NUMBERS = [0, -1, 2**63 - 1, -(2**63)]


async def test_a_row_is_read_as_it_was_stored(database, queries, make_item):
    stored = make_item(5, label="a", body="b", data=b"c", weight=0.1)
    assert await database.execute(queries.put_item, stored) == 1
    del stored["tenant_id"]
    assert await database.fetch_one(queries.find_item, {"tenant_id": 1, "id": 5}) == stored


async def test_null_is_read_as_none_and_so_is_an_absent_row(database, queries, make_item):
    await database.execute(queries.put_item, make_item(5))
    row = await database.fetch_one(queries.find_item, {"tenant_id": 1, "id": 5})
    assert row == {"id": 5, "label": None, "body": None, "data": None, "weight": None}
    assert await database.fetch_one(queries.find_item, {"tenant_id": 1, "id": 6}) is None
    assert await database.fetch_all(queries.list_items, {"tenant_id": 2}) == []


@pytest.mark.parametrize("name", ["find_item", "find_item_as_text"])
@pytest.mark.parametrize("as_batch", [True, False])
async def test_every_text_and_every_byte_is_kept_on_every_path(database, queries, make_item, name, as_batch):
    """Paths: prepared, written into the statement, and as one row of many."""
    data = bytes(range(256)) * 2
    rows = [make_item(place, body=text, data=data) for place, text in enumerate(ODD_TEXTS)]
    if as_batch:
        await database.execute_many(queries.put_item, rows)
    else:
        for row in rows:
            await database.execute(queries.put_item, row)
    for row in rows:
        found = await database.fetch_one(getattr(queries, name), row)
        assert found is not None
        assert (found["body"], found["data"]) == (row["body"], data)


async def test_generated_values_are_kept(database, queries, make_item):
    """With a fixed seed and one transaction, a thousand odd texts are cheap."""
    generator = random.Random(7)
    alphabet = "\\'\"%:;`\n\r\t\x1a\b sé中🧠\u2028\uffff()[]{}$#@!*/-"
    rows = [
        make_item(
            generator.randrange(-(2**63), 2**63),
            body="".join(generator.choices(alphabet, k=generator.randrange(30))),
            data=generator.randbytes(generator.randrange(40)),
            weight=generator.uniform(-1e9, 1e9),
        )
        for _ in range(1000)
    ]

    async def store(connection):
        for row in rows[:300]:
            await connection.execute(queries.put_item, row)
        await connection.execute_many(queries.put_item, rows[300:])
        return [
            (
                await connection.fetch_one(queries.find_item, row),
                await connection.fetch_one(queries.find_item_as_text, row),
            )
            for row in rows
        ]

    for row, (prepared, written) in zip(rows, await database.transact(store), strict=True):
        assert prepared == written
        assert {"tenant_id": 1, **prepared} == row


@pytest.mark.parametrize("number", NUMBERS)
async def test_numbers_have_64_bits(database, queries, make_item, number):
    await database.execute(queries.put_item, make_item(number))
    for query in (queries.find_item, queries.find_item_as_text):
        row = await database.fetch_one(query, make_item(number))
        assert row is not None
        assert row["id"] == number


async def test_placeholders_in_quotes_are_plain_text(database, queries):
    row = await database.fetch_one(queries.read_odd_text, {"value": "x"})
    assert row == {"percent": "50%", "clock": "12:30", "colon": ":id", "quote": "it's", "given": "x"}


@pytest.mark.parametrize(
    ("ids", "expected"),
    [([], []), ([1], [1]), ([0, 2, 7], [0, 2])],
)
async def test_lists_of_any_length_can_be_searched(database, queries, make_item, ids, expected):
    await database.execute_many(queries.put_item, [make_item(place, label="%s'") for place in range(3)])
    rows = await database.fetch_all(queries.find_items, {"tenant_id": 1, "ids": ids})
    labelled = await database.fetch_all(
        queries.find_labelled_items, {"tenant_id": 1, "ids": ids, "labels": ["%s'", "other"]}
    )
    assert [row["id"] for row in rows] == [row["id"] for row in labelled] == expected


async def test_a_duplicate_key_is_a_unique_violation_that_shows_no_values(database, queries, make_item):
    secret = make_item(98765, label="secret")
    await database.execute(queries.put_item, secret)
    for store in (
        lambda: database.execute(queries.put_item, secret),
        lambda: database.execute_many(queries.put_item, [make_item(1), secret]),
    ):
        with pytest.raises(UniqueViolation, match="put_item") as caught:
            await store()
        assert "98765" not in str(caught.value)
        assert caught.value.__suppress_context__
    assert len(await database.fetch_all(queries.list_items, {"tenant_id": 1})) == 1


async def test_execute_counts_the_rows_that_matched(database, queries, make_item):
    await database.execute(queries.put_item, make_item(5, label="same"))
    for item_id, count in ((5, 1), (5, 1), (6, 0)):
        params = {"tenant_id": 1, "id": item_id, "label": "same"}
        assert await database.execute(queries.label_item, params) == count


async def test_an_insert_that_is_skipped_costs_one_round_trip_and_is_no_error(
    database, queries, make_item, caplog
):
    """The driver would read the warning and log it with its values."""
    await database.execute(queries.put_item_or_skip, make_item(5))
    before = database.round_trips
    assert await database.execute(queries.put_item_or_skip, make_item(5)) == 0
    assert database.round_trips == before + 1
    assert not caplog.records


async def test_reading_by_key_costs_one_round_trip(database, queries, make_item):
    await database.execute(queries.put_item, make_item(5))
    before = database.round_trips
    await database.fetch_one(queries.find_item, make_item(5))
    assert database.round_trips == before + 1


async def test_many_rows_cost_one_round_trip_and_a_commit(database, queries, make_item):
    before = database.round_trips
    await database.transact(
        lambda connection: connection.execute_many(queries.put_item, [make_item(n) for n in range(500)])
    )
    assert database.round_trips <= before + 3
    assert len(await database.fetch_all(queries.list_items, {"tenant_id": 1})) == 500


async def test_rows_larger_than_one_packet_are_stored(database, queries, make_item):
    rows = [make_item(n, body="é" * 1_000_000) for n in range(7)]
    await database.execute_many(queries.put_item, rows)
    assert len(await database.fetch_all(queries.list_items, {"tenant_id": 1})) == 7


async def test_storing_no_rows_is_no_error(database, queries):
    await database.execute_many(queries.put_item, [])


async def test_a_transaction_returns_the_result_of_its_work_and_is_visible_afterwards(
    database, queries, make_item
):
    async def work(connection):
        await connection.execute(queries.put_item, make_item(1, label="x"))
        return await connection.fetch_one(queries.find_item, make_item(1))

    row = await database.transact(work)
    assert row["label"] == "x"
    assert await database.fetch_one(queries.find_item, make_item(1)) == row


async def test_an_exception_rolls_back_and_is_raised(database, queries, make_item):
    async def work(connection):
        await connection.execute(queries.put_item, make_item(1))
        raise LookupError("no such thing")

    for _ in range(6):  # more than there are connections
        with pytest.raises(LookupError, match="no such thing"):
            await database.transact(work)
    assert await database.fetch_all(queries.list_items, {"tenant_id": 1}) == []


async def test_a_failed_statement_can_be_caught_within_the_transaction(database, queries, make_item):
    async def work(connection):
        await connection.execute(queries.put_item, make_item(1))
        with pytest.raises(UniqueViolation):
            await connection.execute(queries.put_item, make_item(1))
        await connection.execute(queries.put_item, make_item(2))

    await database.transact(work)
    assert len(await database.fetch_all(queries.list_items, {"tenant_id": 1})) == 2


async def test_concurrent_increments_are_all_counted(database, queries, make_item):
    await database.execute(queries.put_item, make_item(1, weight=0.0))

    async def work(connection):
        await connection.fetch_one(queries.lock_item, make_item(1))
        await connection.execute(queries.add_weight, make_item(1))

    await asyncio.gather(*(database.transact(work) for _ in range(40)))
    row = await database.fetch_one(queries.find_item, make_item(1))
    assert row["weight"] == 40


async def test_a_read_after_the_lock_sees_earlier_commits(database, queries, make_item):
    """All append to what they read under the lock, so none may read what was there before it waited."""
    await database.execute(queries.put_item, make_item(1, label=""))

    async def work(connection):
        await connection.fetch_all(queries.list_items, {"tenant_id": 1})  # a snapshot would begin here
        await connection.fetch_one(queries.lock_item, make_item(1))
        row = await connection.fetch_one(queries.find_item, make_item(1))
        await connection.execute(queries.label_item, make_item(1, label=row["label"] + "x"))

    await asyncio.gather(*(database.transact(work) for _ in range(12)))
    row = await database.fetch_one(queries.find_item, make_item(1))
    assert row["label"] == "x" * 12


async def test_a_cancelled_transaction_is_rolled_back(database, queries, make_item):
    loop = asyncio.get_running_loop()
    reached = asyncio.Event()

    async def work(connection):
        await connection.execute(queries.put_item, make_item(1))
        loop.call_soon_threadsafe(reached.set)
        for _ in range(2000):
            await connection.fetch_all(queries.list_items, {"tenant_id": 1})
        raise LookupError

    for _ in range(6):  # more than there are connections
        reached.clear()
        task = asyncio.create_task(database.transact(work))
        async with asyncio.timeout(10):
            await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await database.transact(lambda connection: connection.execute(queries.put_item, make_item(2)))
    rows = await database.fetch_all(queries.list_items, {"tenant_id": 1})
    assert [row["id"] for row in rows] == [2]


async def test_cancelled_reads_do_not_affect_later_ones(database, queries, make_item):
    await database.execute_many(queries.put_item, [make_item(n) for n in range(5)])

    async def read(item_id):
        row = await database.fetch_one(queries.find_item, make_item(item_id))
        return row["id"]

    for round_number in range(60):
        tasks = [asyncio.create_task(read(n % 5)) for n in range(8)]
        for _ in range(round_number % 7):
            await asyncio.sleep(0)
        for task in tasks[:4]:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert results[4:] == [4, 0, 1, 2]


@pytest.mark.parametrize(
    ("name", "params"),
    [("read_nonsense", {}), ("find_item", {"tenant_id": 1}), ("put_item", {"id": 2**70})],
)
async def test_a_statement_that_fails_names_its_query(database, queries, make_item, name, params):
    query = getattr(queries, name)
    values = make_item(1) | params if name == "put_item" else params
    with pytest.raises(DatabaseError, match=name):
        await database.fetch_one(query, values)
    await database.ping()


@pytest.mark.parametrize("text", [chr(0xD800), chr(0xDC80)], ids=["high", "low"])
async def test_text_that_is_not_unicode_is_rejected(database, queries, make_item, text):
    with pytest.raises(DatabaseError):
        await database.execute(queries.put_item, make_item(1, body=text))
    with pytest.raises(DatabaseError):
        await database.execute_many(queries.put_item, [make_item(1, body=text)])
    assert await database.fetch_all(queries.list_items, {"tenant_id": 1}) == []


async def test_a_script_can_run_again(database):
    await database.execute_script(
        ["CREATE TABLE twice (id BIGINT)", "CREATE INDEX twice_by_id ON twice (id)"]
    )
    await database.execute_script(
        ["CREATE TABLE twice (id BIGINT)", "CREATE INDEX twice_by_id ON twice (id)"]
    )


async def test_a_closed_database_raises_an_error(database, queries):
    await database.close()
    await database.close()
    with pytest.raises(DatabaseError, match="closed"):
        await database.fetch_one(queries.find_item, {"tenant_id": 1, "id": 1})
