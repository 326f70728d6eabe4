"""Install the archives as users do, into bare environments, and see that what they promise works.

Nothing of the working tree is on the path of these programs: they run from an empty folder, with a home of
their own, and Python's isolated mode keeps other packages out.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.release.build import RUN_SECONDS, find, find_uv, run
from tools.release.members import ROOT, Member, read_members, read_npm_packages, read_pyproject

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
    """What was installed doesn't do what it promises."""


@dataclass(frozen=True, slots=True)
class Installed:
    """An environment with nothing but our wheels and what they ask for, and a home for its programs."""

    folder: Path
    home: Path

    def program(self, name: str) -> str:
        """Return the path of an installed program."""
        windows = sys.platform == "win32"
        return str(self.folder / ("Scripts" if windows else "bin") / (f"{name}.exe" if windows else name))

    def environment(self, **more: str) -> dict[str, str]:
        """Return the variables of a user who has just installed mnemos."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("MNEMO", "MEM9"))}
        own = {name: value for name, value in kept.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
        own |= {
            "HOME": str(self.home),
            "USERPROFILE": str(self.home),
            "XDG_CONFIG_HOME": "",
            "XDG_DATA_HOME": "",
        }
        return own | {"PATH": os.pathsep.join([str(Path(self.program("x")).parent), own["PATH"]])} | more

    def do(self, *command: str, **variables: str) -> str:
        """Run an installed program in the home and return what it printed."""
        name, *arguments = command
        return run([self.program(name), *arguments], cwd=self.home, env=self.environment(**variables))


def install(dist: Path, members: list[Member], folder: Path) -> Installed:
    """Install members from their wheels, and all else in the pinned versions, into a new environment."""
    installed = Installed(folder / "venv", folder / "home")
    installed.home.mkdir(parents=True)
    pins = folder / "pins.txt"
    pins.write_text(
        "\n".join(read_pyproject(ROOT)["tool"]["uv"]["constraint-dependencies"]), encoding="utf-8"
    )
    uv = find_uv()
    run([uv, "venv", "--quiet", "--no-project", "--python", sys.executable, installed.folder])
    wheels = [next(dist.glob(f"{member.file_name}-*.whl")) for member in members]
    python = installed.program("python")
    run([uv, "pip", "install", "--quiet", "--python", python, "-c", pins, *wheels], cwd=installed.home)
    for member in members:
        installed.do("python", "-I", str(ROOT / "tools" / "import_all.py"), member.module)
    return installed


def try_packages(dist: Path, folder: Path) -> None:
    """Install each package with its own needs alone; then run server, SDK, CLI, MCP and set-up together.

    Raises:
        Broken: something doesn't work; CannotBuild when a program fails.
    """
    members = {member.name: member for member in read_members()}
    installed = {}
    for name, member in members.items():
        needed = [*find_needs(member, members), member]
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


def find_needs(member: Member, members: dict[str, Member]) -> list[Member]:
    """Return the members that a member needs, and those that these need."""
    needed: dict[str, Member] = {}
    for name in member.needs:
        needed |= {found.name: found for found in [*find_needs(members[name], members), members[name]]}
    return list(needed.values())


@contextlib.contextmanager
def start_server(server: Installed) -> Iterator[dict[str, str]]:
    """Run the installed server on a free port until the block ends; yields what a shell needs for it."""
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
    """Kill a process when the block ends, or hasn't ended within `RUN_SECONDS`."""
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
    requests = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": version},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/list"},
        {"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": search},
    ]
    process = subprocess.Popen(
        [client.program("mnemos"), "mcp"],
        cwd=client.home,
        env=client.environment(**shell),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process, ending(process):
        results = {}
        for request in requests:
            print(json.dumps(request), file=process.stdin, flush=True)
            if "id" in request and process.stdout is not None:
                results[request["id"]] = json.loads(process.stdout.readline())["result"]
    expect("mnemos", json.dumps(results[1]["serverInfo"]), "initialize")
    if {tool["name"] for tool in results[2]["tools"]} != TOOLS:
        raise Broken(f"mnemos mcp lists {results[2]['tools']}")
    expect(SENTENCE, json.dumps(results[3]), "memory_search over MCP")


def try_setup(client: Installed, shell: dict[str, str]) -> None:
    """Set up OpenCode in the home with the plugin that the wheel brings, and take it back."""
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
        raise Broken(f"mnemos setup told OpenCode to take {brought}")
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
