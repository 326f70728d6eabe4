from __future__ import annotations

import asyncio

from mnemo_server.stores.opening import Stores


async def test_the_first_value_is_kept(stores: Stores):
    assert await stores.installation.keep("key", b"first", 1) == b"first"
    assert await stores.installation.keep("key", b"second", 2) == b"first"
    assert await stores.installation.keep("other", b"second", 3) == b"second"


async def test_servers_that_start_concurrently_agree(stores: Stores):
    proposals = [bytes([number]) * 32 for number in range(12)]

    values = await asyncio.gather(*(stores.installation.keep("key", one, 1) for one in proposals))

    assert len(set(values)) == 1
    assert values[0] in proposals
