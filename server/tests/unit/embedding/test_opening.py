"""Settings determine the embedder."""

from __future__ import annotations

from pathlib import Path

import pytest
from mnemo_server.db.connect import connect
from mnemo_server.db.dsn import parse_dsn
from mnemo_server.embedding.choice import EmbedderChoice
from mnemo_server.embedding.local.minilm import MiniLmEmbedder
from mnemo_server.embedding.opening import open_embedder
from mnemo_server.embedding.query_cache import QueryCache
from mnemo_server.embedding.remote.embed_text import EmbedTextEmbedder
from mnemo_server.embedding.remote.openai_compatible import OpenAiEmbedder
from mnemo_server.settings import Settings
from pydantic import ValidationError


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    for name in Settings.model_fields:
        monkeypatch.delenv(f"MNEMO_{name.upper()}", raising=False)


@pytest.fixture
async def database(tmp_path):
    database = await connect(parse_dsn(f"sqlite:///{tmp_path / 'm.db'}"))
    yield database
    await database.close()


@pytest.mark.parametrize(
    ("variables", "kind"),
    [
        ({}, MiniLmEmbedder),
        ({"EMBEDDER": "local", "EMBED_API_KEY": "k"}, MiniLmEmbedder),
        ({"EMBED_API_KEY": "k"}, OpenAiEmbedder),
        ({"EMBED_BASE_URL": "http://box/v1"}, OpenAiEmbedder),
        ({"EMBED_API_KEY": " ", "EMBED_BASE_URL": ""}, MiniLmEmbedder),
        ({"EMBEDDER": "openai"}, OpenAiEmbedder),
        ({"EMBEDDER": "tidb"}, EmbedTextEmbedder),
    ],
)
async def test_settings_determine_the_embedder(database, monkeypatch, variables, kind):
    for name, value in variables.items():
        monkeypatch.setenv(f"MNEMO_{name}", value)
    embedder = open_embedder(Settings().embedder_choice, database)

    assert isinstance(embedder, QueryCache)
    assert isinstance(embedder._embedder, kind)
    await embedder.close()


async def test_with_none_there_is_no_embedder(database):
    assert open_embedder(EmbedderChoice("none"), database) is None


def test_every_setting_is_passed_on(monkeypatch):
    values = {
        "EMBEDDER": "openai",
        "EMBED_MODEL_PATH": "/models/mine.onnx",
        "EMBED_THREADS": "2",
        "EMBED_API_KEY": "hunter2",
        "EMBED_BASE_URL": "http://u:hunter2@box/v1",
        "EMBED_MODEL": "nomic",
        "EMBED_DIMS": "512",
        "EMBED_AUTO_MODEL": "titan",
    }
    for name, value in values.items():
        monkeypatch.setenv(f"MNEMO_{name}", value)
    choice = Settings().embedder_choice

    assert choice == EmbedderChoice(
        "openai", Path("/models/mine.onnx"), 2, "hunter2", "http://u:hunter2@box/v1", "nomic", 512, "titan"
    )
    assert "hunter2" not in repr(Settings()) + repr(choice)


def test_blank_settings_are_ignored(monkeypatch):
    for name in ("MODEL_PATH", "DIMS", "API_KEY", "BASE_URL"):
        monkeypatch.setenv(f"MNEMO_EMBED_{name}", " ")

    assert Settings().embedder_choice == EmbedderChoice()


@pytest.mark.parametrize(
    ("name", "value"), [("EMBEDDER", "best"), ("EMBED_DIMS", "0"), ("EMBED_THREADS", "0")]
)
def test_invalid_settings_are_rejected(monkeypatch, name: str, value: str):
    monkeypatch.setenv(f"MNEMO_{name}", value)

    with pytest.raises(ValidationError):
        Settings()
