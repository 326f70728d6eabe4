"""Every configuration on the page about MCP works: the official client finds the five tools."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import mcp
import pytest
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mnemos_contract import TOOLS

from tests.support.servers import RunningServer, start_server

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "mcp.md").read_text(encoding="utf-8")
BLOCK = re.compile(
    r"^## (?P<client>.+?)$|^```(?P<kind>json|toml)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
READ = {"json": json.loads, "toml": tomllib.loads}
#: The places of a key, or of a variable that contains it.
KEY = re.compile(r"mnk_…|\$\{env:MEM9_API_KEY\}|\$MEM9_API_KEY|\$\{input:mnemos-key\}")
#: The names of the clients' tables of servers.
TABLES = ("mcpServers", "mcp_servers", "servers")
URL = "http://127.0.0.1:8080"


def entries() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each server entry of the page, by client and transport."""
    client = ""
    for block in BLOCK.finditer(PAGE):
        if block["client"]:
            client = block["client"]
            continue
        read = READ[block["kind"]](block["text"])
        (table,) = [read[name] for name in TABLES if name in read]
        (name, entry), *others = table.items()
        assert (name, others) == ("mnemos", [])
        yield f"{client}-{'stdio' if 'command' in entry else 'http'}", entry


ENTRIES = dict(entries())
STDIO = [name for name in ENTRIES if name.endswith("stdio")]
HTTP = [name for name in ENTRIES if name.endswith("http")]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("server")
    server = start_server(folder, f"sqlite:///{folder / 'memories.db'}")
    yield server
    server.stop()


async def use(transport: Any) -> None:
    """List the tools through the official client, and store and find a memory."""
    async with asyncio.timeout(30), mcp.Client(transport) as client:
        tools = (await client.list_tools()).tools
        stored = await client.call_tool("memory_store", {"content": "The mast is oak."})
    assert [tool.name for tool in tools] == [tool.name for tool in TOOLS]
    assert json.loads(stored.content[0].text)["ok"], stored


def test_every_client_has_both_forms():
    clients = ("Any client", "Cursor", "Codex", "Gemini CLI", "VS Code")
    assert list(ENTRIES) == [f"{client}-{form}" for client in clients for form in ("stdio", "http")]


@pytest.mark.parametrize("name", STDIO)
async def test_a_stdio_configuration_starts_in_an_environment_with_nothing_else(
    name: str, server: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    entry = ENTRIES[name]
    assert set(entry) <= {"type", "command", "args", "env", "env_vars"}
    own = {"MEM9_API_URL": server.url, "MEM9_API_KEY": server.api_key}
    given = {key: KEY.sub(server.api_key, value) for key, value in entry.get("env", {}).items()}
    given |= {variable: own[variable] for variable in entry.get("env_vars", ())}
    assert given == own | {"MEM9_API_URL": given["MEM9_API_URL"]}
    command = shutil.which(entry["command"], path=str(Path(sys.executable).parent))
    assert command, f"{entry['command']} isn't beside {sys.executable}"

    for variable in ("PATH", "HOME", "XDG_CONFIG_HOME", "PYTHONPATH", "VIRTUAL_ENV", *own):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    await use(StdioServerParameters(command=command, args=entry["args"], env=given | own))


@pytest.mark.parametrize("name", HTTP)
async def test_an_http_configuration_opens_the_tools_of_the_server(name: str, server: RunningServer):
    entry = ENTRIES[name]
    (url,) = [entry[member] for member in ("url", "httpUrl") if member in entry]
    headers = {key: KEY.sub(server.api_key, value) for key, value in entry.get("headers", {}).items()}
    if "bearer_token_env_var" in entry:
        assert entry["bearer_token_env_var"] == "MEM9_API_KEY"
        headers["Authorization"] = f"Bearer {server.api_key}"
    async with httpx2.AsyncClient(headers=headers, trust_env=False) as http:
        await use(streamable_http_client(url.replace(URL, server.url), http_client=http))


async def test_a_url_alone_opens_the_tools_too(server: RunningServer):
    (url,) = re.findall(rf"`({URL}/v1alpha1/\S+/mcp)`", PAGE)
    async with httpx2.AsyncClient(trust_env=False) as http:
        url = KEY.sub(server.api_key, url).replace(URL, server.url)
        await use(streamable_http_client(url, http_client=http))


async def test_without_a_key_the_client_learns_how_to_send_one(server: RunningServer):
    async with httpx2.AsyncClient(trust_env=False) as http:
        with pytest.raises(BaseException) as failure:  # noqa: PT011 - an exception group of the client's
            await use(streamable_http_client(f"{server.url}/mcp", http_client=http))
    told = [leaf for leaf in leaves_of(failure.value) if isinstance(leaf, mcp.MCPError)]
    assert "Authorization: Bearer" in str(told[0])


def leaves_of(error: BaseException) -> list[BaseException]:
    """Return the errors in a group, however deep."""
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in leaves_of(inner)]
    return [error]
