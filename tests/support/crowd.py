"""One of many processes on one database: stores memories, reads them back, prints their ids as JSON.

Run as `python -m tests.support.crowd <dsn> <name> <count>`.
"""

from __future__ import annotations

import asyncio
import json
import sys

from mnemo_server.app import open_services
from mnemo_server.services.caller import Caller
from mnemo_server.settings import Settings
from mnemo_server.stores.tenants import FIRST_TENANT_ID
from mnemo_server.wiring import Services
from mnemos_contract import ListQuery, StoreRequest, UpdateRequest
from pydantic import SecretStr


async def work(dsn: str, name: str, count: int) -> list[str]:
    """Store `count` memories of this name, reading and changing each; return their ids."""
    async with open_services(Settings(dsn=SecretStr(dsn), embedder="none")) as services:
        await services.tenants.provision_first("default")
        caller = Caller(tenant_id=FIRST_TENANT_ID, key_id=0, request_id=name, agent_id=name)
        return [await store_one(services, caller, f"{name}n{number}q") for number in range(count)]


async def store_one(services: Services, caller: Caller, mark: str) -> str:
    """Store a memory, find it, read it, change it; return its id."""
    stored = await services.memories.store(caller, StoreRequest(content=f"the code is {mark}"), None)
    memory_id = stored.model.id or ""
    page = await services.search.find(caller, ListQuery(q=mark))
    if [memory.id for memory in page.memories] != [memory_id]:
        raise RuntimeError(f"{mark} isn't found")
    await services.memories.update(caller, memory_id, UpdateRequest(tags=[caller.request_id]), 1)
    memory = await services.memories.get(caller, memory_id)
    if memory.version != 2:
        raise RuntimeError(f"{mark} isn't at version 2")
    return memory_id


def main() -> None:
    """Run from the command line."""
    dsn, name, count = sys.argv[1:]
    sys.stdout.write(json.dumps(asyncio.run(work(dsn, name, int(count)))))


if __name__ == "__main__":
    main()
