"""Work that concurrent callers share."""

from __future__ import annotations

import asyncio

import pytest
from mnemo_server.index.resident.single_flight import SingleFlight


class _Work:
    """Counts runs; each waits for its own gate."""

    def __init__(self):
        self.started = 0
        self.finished = 0
        self.gate = asyncio.Event()
        self.has_started = asyncio.Event()

    async def __call__(self):
        self.started += 1
        gate = self.gate
        self.has_started.set()
        await asyncio.wait_for(gate.wait(), 5)
        self.finished += 1


async def test_callers_share_a_run_that_has_not_started():
    work = _Work()
    work.gate.set()
    single_flight = SingleFlight(work)
    await asyncio.gather(*(single_flight.run() for _ in range(10)))
    assert work.started == 1


async def test_a_caller_never_gets_a_run_that_started_before_the_call():
    work = _Work()
    single_flight = SingleFlight(work)
    first = asyncio.create_task(single_flight.run())
    await asyncio.wait_for(work.has_started.wait(), 5)
    late = [asyncio.create_task(single_flight.run()) for _ in range(5)]
    await asyncio.sleep(0)
    first_gate, work.gate = work.gate, asyncio.Event()
    work.has_started.clear()
    first_gate.set()
    await first
    assert not any(task.done() for task in late)
    await asyncio.wait_for(work.has_started.wait(), 5)
    work.gate.set()
    await asyncio.gather(*late)
    assert (work.started, work.finished) == (2, 2)


async def test_a_cancelled_caller_does_not_cancel_the_run():
    work = _Work()
    single_flight = SingleFlight(work)
    callers = [asyncio.create_task(single_flight.run()) for _ in range(2)]
    await asyncio.wait_for(work.has_started.wait(), 5)
    callers[0].cancel()
    work.gate.set()
    await callers[1]
    with pytest.raises(asyncio.CancelledError):
        await callers[0]
    assert work.finished == 1


async def test_an_error_reaches_all_callers_of_its_run_only():
    fail = True

    async def work():
        if fail:
            raise OSError("down")

    single_flight = SingleFlight(work)
    results = await asyncio.gather(*(single_flight.run() for _ in range(3)), return_exceptions=True)
    assert [str(result) for result in results] == ["down"] * 3
    fail = False
    await single_flight.run()
