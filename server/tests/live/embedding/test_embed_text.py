"""EMBED_TEXT on a real database without that function."""

from __future__ import annotations

import pytest
from mnemo_server.db.connect import connect
from mnemo_server.db.dsn import parse_dsn
from mnemo_server.embedding.ports import EmbeddingRefused
from mnemo_server.embedding.remote.embed_text import EmbedTextEmbedder


async def test_a_database_without_the_function_is_refused(live_dsn):
    database = await connect(parse_dsn(live_dsn), pool_size=2)
    try:
        with pytest.raises(EmbeddingRefused, match="can't embed texts with EMBED_TEXT"):
            await EmbedTextEmbedder(database, "tidbcloud_free/amazon/titan-embed-text-v2").prepare()
    finally:
        await database.close()
