"""Fill a server with conversations and send every prompt to the hook."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from bench.common.client import HttpConnection
from bench.common.processes import mnemo_server
from bench.recall.datasets import DataSet
from bench.recall.seeding import Pool, seed
from bench.recall_blocks.hook import PROJECT_PREFIX, Block, Host
from bench.recall_blocks.measures import Shown
from bench.recall_blocks.prompts import Prompt


async def run_hooks(
    data_set: DataSet, prompts: Sequence[Prompt], program: Path, folder: Path, deadline_ms: int | None
) -> list[Shown]:
    """Return what is shown for each prompt.

    Raises:
        RuntimeError: the server doesn't start, or a hook fails.
        UnexpectedResponse: the server returns an error.
    """
    async with filled_server(data_set, folder) as pool:
        host = Host(program, pool.address, folder / "home", deadline_ms)
        host.send_prompt(prompts[0].project, prompts[0].text)  # loads the tenant's index
        print(f"asking {len(prompts):,} prompts", file=sys.stderr, flush=True)
        return [
            _find_turns(prompt, host.send_prompt(prompt.project, prompt.text), pool) for prompt in prompts
        ]


@asynccontextmanager
async def filled_server(data_set: DataSet, folder: Path) -> AsyncIterator[Pool]:
    """Run a server that remembers the conversations, each as a project of the same user.

    Raises:
        RuntimeError: the server doesn't start.
        UnexpectedResponse: the server returns an error.
    """
    with mnemo_server(folder, f"sqlite:///{folder / 'memories.db'}") as server:
        connection = await HttpConnection.open(server.address)
        print(f"storing {data_set.turn_count:,} messages", file=sys.stderr, flush=True)
        pools = await seed(connection, server.address, data_set, project_prefix=PROJECT_PREFIX)
        connection.close()
        yield next(iter(pools.values()))


def _find_turns(prompt: Prompt, block: Block, pool: Pool) -> Shown:
    """Return the turns that a block shows."""
    places = [pool.places[memory_id] for memory_id in block.memory_ids]
    own = tuple(place.turn_id for place in places if place.conversation == prompt.project)
    return Shown(prompt, block, own, len(places) - len(own))
