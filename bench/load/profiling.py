"""Show where the server spends its time: one operation under cProfile."""

from __future__ import annotations

import pstats
import sys
from pathlib import Path

from bench.common.databases import Engine
from bench.common.processes import WITHOUT_MODEL, mnemo_server
from bench.load.engines import Plan, open_subject
from bench.load.measure import measure_round

#: Functions that are shown, most expensive first.
SHOWN = 40


async def profile_engine(engine: Engine, plan: Plan, folder: Path) -> None:
    """Profile each operation of the plan in a server of its own, and print the most expensive functions.

    The profile includes the start and the storing of `plan.memories` memories for two tenants, so keep those
    few and the round long. cProfile roughly halves the speed, and sees the main thread only.
    """
    clients = max(plan.clients)
    for number, operation in enumerate(plan.operations):
        target = folder / f"{number}.prof"
        wrapper = ("-m", "cProfile", "-o", str(target))
        with mnemo_server(folder, engine.dsn, wrapper, WITHOUT_MODEL) as program:
            async with open_subject(engine, program, plan) as subject:
                one = await measure_round(subject, operation, clients, plan.seconds)
        print(f"\n{engine.title}: {operation.name}, {clients} clients, {one.per_second:.0f}/s profiled\n")
        pstats.Stats(str(target), stream=sys.stdout).sort_stats("tottime").print_stats(SHOWN)
