"""A blocking call of our packages on the event loop fails a test; the same call elsewhere doesn't."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from pathlib import Path
from types import CodeType

import mnemos_contract
import pytest
from blockbuster import BlockingError

OURS = str(Path(mnemos_contract.__file__).with_name("made_up.py"))


def compiled_as(filename: str) -> CodeType:
    """Return code that sleeps and that seems to come from the file `filename`."""
    return compile("time.sleep(0.001)", filename, "exec")


async def test_our_code_may_not_sleep_on_the_event_loop():
    with pytest.raises(BlockingError, match=r"time\.sleep"):
        exec(compiled_as(OURS), {"time": time})  # noqa: S102  (a frame of our code, without a defect in it)


async def test_a_thread_of_our_code_may_sleep():
    await asyncio.to_thread(exec, compiled_as(OURS), {"time": time})


async def test_code_of_others_is_left_alone():
    exec(compiled_as("/elsewhere/library.py"), {"time": time})  # noqa: S102  (see above)


def test_our_code_may_block_where_no_loop_runs():
    exec(compiled_as(OURS), {"time": time})  # noqa: S102  (see above)


async def test_sqlite_in_its_own_thread_is_left_alone(tmp_path):
    def count() -> int:
        with sqlite3.connect(tmp_path / "x.db") as connection:
            return connection.execute("SELECT 1").fetchone()[0]

    assert await asyncio.to_thread(count) == 1
