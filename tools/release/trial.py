"""Install the archives as users do, and check that they work."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.release.build import RUN_SECONDS, find, run
from tools.release.installed import Installed, install
from tools.release.members import find_needs, read_members, read_npm_packages

STOP_SECONDS = 30
SENTENCE = "Our staging database is db-7, and it is rebuilt every Monday"
QUESTION = "where is staging?"
TOOLS = {"memory_store", "memory_search", "memory_get", "memory_update", "memory_delete"}
SDK = f"""
from mnemos import Client
with Client() as memory:
    stored = memory.store_memory(content={SENTENCE!r}, tags=["ops"])
    found = memory.list_memories(q={QUESTION!r}).memories
    print(found[0].content)
"""
IMPORT_PLUGIN = """
const plugin = await import(process.argv[1])
const found = plugin.default ?? plugin.server
if (!["function", "object"].includes(typeof found)) throw new Error("it exports no plugin")
"""


class Broken(Exception):
    """An installed package doesn't do what it promises."""


def try_packages(dist: Path, folder: Path) -> None:
    """Install each package with its dependencies alone; then run server, SDK, CLI, MCP and set-up together.

    Raises:
        Broken: something doesn't work.
        CannotBuild: a program fails.
    """
    members = {member.name: member for member in read_members()}
    installed = {}
    for name, member in members.items():
        needed = [*find_needs(member, members.values()), member]
        installed[name] = install(dist, needed, folder / name)
        print(f"build: {name} is installed with {len(needed) - 1} of ours, and all its modules import")
    client = installed["mnemos-client"]
    with start_server(installed["mnemo-server"]) as shell:
        expect(SENTENCE, client.do("python", "-I", "-c", SDK, **shell), "the SDK")
        client.do("mnemos", "store", "Deploys happen on Tuesdays", "--tag", "ops", **shell)
        expect("Tuesdays", client.do("mnemos", "search", "when do we deploy?", **shell), "mnemos search")
        try_mcp(client, shell)
        try_setup(client, shell)
    print("build: server, SDK, command line, MCP and set-up work from the wheels")


@contextlib.contextmanager
def start_server(server: Installed) -> Iterator[dict[str, str]]:
    """Run the installed server on a free port until the block ends; yield the variables that clients need."""
    process = subprocess.Popen(
        [server.program("mnemo-server")],
        cwd=server.home,
        env=server.environment(MNEMO_PORT="0", MNEMO_DATA_DIR=str(server.home / "data")),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process, ending(process):
        yield read_greeting(process)
        process.terminate()
        if (code := process.wait(STOP_SECONDS)) and sys.platform != "win32":
            raise Broken(f"the server stopped with code {code}")


@contextlib.contextmanager
def ending(process: subprocess.Popen[str]) -> Iterator[None]:
    """Kill a process when the block ends, or after `RUN_SECONDS`."""
    timer = threading.Timer(RUN_SECONDS, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        process.kill()


def read_greeting(process: subprocess.Popen[str]) -> dict[str, str]:
    """Return the two variables that the server prints when it is ready."""
    if process.stdout is None:
        raise Broken("the server has no standard output")
    shell: dict[str, str] = {}
    for line in process.stdout:
        shell |= dict(re.findall(r"export (MEM9_API_(?:URL|KEY))=(\S+)", line))
        if len(shell) == 2:  # noqa: PLR2004 - address and key
            return shell
    raise Broken("the server printed no address and key")


def try_mcp(client: Installed, shell: dict[str, str]) -> None:
    """Speak to `mnemos mcp` as an MCP client does: initialize, list the tools, search."""
    version = {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "t", "version": "1"},
    }
    search = {"name": "memory_search", "arguments": {"q": QUESTION}}
    process = subprocess.Popen(
        [client.program("mnemos"), "mcp"],
        cwd=client.home,
        env=client.environment(**shell),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process, ending(process):
        greeted = call(process, "initialize", version)
        listed = call(process, "tools/list", {})
        found = call(process, "tools/call", search)
    expect("mnemos", json.dumps(greeted), "initialize")
    if {tool["name"] for tool in listed["tools"]} != TOOLS:
        raise Broken(f"mnemos mcp lists {listed['tools']}")
    expect(SENTENCE, json.dumps(found), "memory_search over MCP")


def call(process: subprocess.Popen[str], method: str, params: dict[str, Any]) -> dict[str, Any]:
    """Send one request to an MCP server on standard input and return its result."""
    if process.stdin is None or process.stdout is None:
        raise Broken("mnemos mcp has no standard input and output")
    request = {"jsonrpc": "2.0", "id": method, "method": method, "params": params}
    print(json.dumps(request), file=process.stdin, flush=True)
    line = process.stdout.readline()
    response = json.loads(line or "{}")
    if not isinstance(response.get("result"), dict):
        raise Broken(f"the response to {method} is {line!r}")
    return dict(response["result"])


def try_setup(client: Installed, shell: dict[str, str]) -> None:
    """Set up OpenCode in the home with the plugin in the wheel, and undo it."""
    key = client.home / "key"
    key.write_text(shell["MEM9_API_KEY"], encoding="utf-8")
    setup = (
        "setup",
        "--yes",
        "--host",
        "opencode",
        "--url",
        shell["MEM9_API_URL"],
        "--api-key-file",
        str(key),
    )
    expect("recall", client.do("mnemos", *setup), "mnemos setup")
    settings = client.home / ".config" / "opencode" / "opencode.json"
    plugin = json.loads(settings.read_text(encoding="utf-8"))["plugin"][0]
    brought = Path(plugin if isinstance(plugin, str) else plugin[0])
    if not brought.is_relative_to(client.folder) or not (brought / "skills").is_dir():
        raise Broken(f"mnemos setup made OpenCode load {brought}")
    expect("Tuesdays", client.do("mnemos", "search", "when do we deploy?"), "the profile of mnemos setup")
    client.do("mnemos", "uninstall", "--yes", "--purge")
    if settings.exists():
        raise Broken(f"mnemos uninstall left {settings}")


def try_plugins(dist: Path, folder: Path) -> None:
    """Unpack each tarball and let Node load the plugin in it."""
    node = find("node")
    for package in read_npm_packages():
        with tarfile.open(next(dist.glob(f"{package.file_name}-*.tgz"))) as tarball:
            tarball.extractall(folder / package.file_name, filter="data")
        unpacked = folder / package.file_name / "package"
        main = unpacked / json.loads((unpacked / "package.json").read_text(encoding="utf-8"))["main"]
        run([node, "--input-type=module", "-e", IMPORT_PLUGIN, main.as_uri()], cwd=folder)
        print(f"build: Node loads the plugin in the tarball of {package.name}")


def expect(part: str, text: str, what: str) -> None:
    """Raise `Broken` when a text lacks a part."""
    if part not in text:
        raise Broken(f"{what} printed, without {part!r}:\n{text}")
