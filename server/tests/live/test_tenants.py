from __future__ import annotations

import asyncio

from mnemo_server.stores.opening import Stores
from mnemo_server.stores.records import KeyRecord, NewKey

KEY = NewKey(key_id=5, key_hash=bytes(range(32)))


async def test_a_key_belongs_to_the_tenant_it_was_created_for(stores: Stores):
    await stores.tenants.create(7, "team", KEY, 1)

    assert await stores.tenants.find_key(KEY.key_hash) == KeyRecord(5, 7, is_active=True)
    assert await stores.tenants.find_key(bytes(32)) is None


async def test_only_an_empty_database_gets_a_first_tenant(stores: Stores):
    assert await stores.tenants.create_first("default", KEY, 1)
    assert not await stores.tenants.create_first("default", NewKey(6, b"x" * 32), 1)
    assert await stores.tenants.find_key(b"x" * 32) is None


async def test_of_servers_that_start_concurrently_one_creates_the_first_tenant(stores: Stores):
    keys = [NewKey(number, bytes([number]) * 32) for number in range(6)]

    created = await asyncio.gather(*(stores.tenants.create_first("default", key, 1) for key in keys))

    assert created.count(True) == 1
    found = [await stores.tenants.find_key(key.key_hash) for key in keys]
    assert len([record for record in found if record]) == 1
