"""A real host with a URL and a key, and no other part of mnemos."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hosts.claude.program import Claude
from tests.support.servers import RunningServer, start_server

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def sqlite_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("server")
    server = start_server(folder, f"sqlite:///{folder / 'memories.db'}")
    yield server
    assert server.stop() == 0


def connect(claude: Claude, url: str, *headers: str) -> str:
    """Add the server to Claude Code and return what it shows about it."""
    options = [part for header in headers for part in ("--header", header)]
    added = claude.run("mcp", "add", "--transport", "http", "mnemos", url, *options)
    assert added.returncode == 0, added.stderr
    lines = claude.run("mcp", "list").stdout.splitlines()
    return next(line for line in lines if line.startswith("mnemos:"))


def test_claude_code_connects_by_a_url_and_a_key(sqlite_server: RunningServer, tmp_path: Path):
    claude = Claude(tmp_path, "http://127.0.0.1:9")
    said = connect(claude, f"{sqlite_server.url}/mcp", f"Authorization: Bearer {sqlite_server.api_key}")
    assert said.endswith("Connected")


def test_without_a_key_claude_code_shows_what_to_send(sqlite_server: RunningServer, tmp_path: Path):
    said = connect(Claude(tmp_path, "http://127.0.0.1:9"), f"{sqlite_server.url}/mcp")
    assert "Failed" in said
    assert "send the API key as Authorization: Bearer" in said
