"""Creates the chosen embedder; nothing is loaded or requested before it is prepared."""

from __future__ import annotations

from mnemo_server.db.database import Database
from mnemo_server.embedding.choice import EmbedderChoice
from mnemo_server.embedding.local.minilm import MiniLmEmbedder
from mnemo_server.embedding.ports import Embedder
from mnemo_server.embedding.query_cache import QueryCache
from mnemo_server.embedding.remote.embed_text import EmbedTextEmbedder
from mnemo_server.embedding.remote.openai_compatible import OpenAiEmbedder
from mnemo_server.embedding.remote.openai_endpoint import Endpoint


def open_embedder(choice: EmbedderChoice, database: Database) -> Embedder | None:
    """Return the chosen embedder with a cache of questions; None when none was chosen."""
    embedder = _open(choice, database)
    return None if embedder is None else QueryCache(embedder)


def _open(choice: EmbedderChoice, database: Database) -> Embedder | None:
    match choice.effective_kind:
        case "openai":
            return OpenAiEmbedder(Endpoint(choice.model, choice.base_url, choice.api_key, choice.dimensions))
        case "tidb":
            return EmbedTextEmbedder(database, choice.database_model)
        case "local":
            return MiniLmEmbedder(model_path=choice.model_path, threads=choice.threads)
        case _:
            return None
