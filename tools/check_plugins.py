"""Check plugins and skills against the contract and against each other.

    python tools/check_plugins.py

Manifests parse. Tools and commands that texts mention exist, and hooks match no other tools. Hooks name known
events and call `mnemos`. No plugin contains the address of a server. The skills have one source, and the
fields that hosts need to show them. An npm package includes the files that it needs.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import click
from mnemos.cli import cli
from mnemos.hosts.registry import NAMES
from mnemos_contract import TOOLS

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tools import bundle_plugins  # noqa: E402  (needs the path above)

#: Events of Claude Code 2.1.330 that our adapter reads.
CLAUDE_EVENTS = {"SessionStart", "UserPromptSubmit", "PreToolUse", "Stop", "PreCompact", "SessionEnd"}
SPOKEN_OF = re.compile(r"\bmemory_[a-z]+\b")
COMMAND = re.compile(r"(?:`|^ {4})mnemos ([a-z][a-z-]*)", re.MULTILINE)
ADDRESS = re.compile(r"https?://[^\s\"')]+")
NO_TOOLS = {"memory_type"}
FRONT_MATTER = re.compile(r"---\n(?P<fields>.*?)\n---\n", re.DOTALL)
#: Agents load the descriptions of all skills at the start of every session.
MAX_DESCRIPTION_CHARACTERS = 300
#: What every package.json must list in `files`; what npm adds by itself isn't included.
NEEDED_FILES = {"skills", "README.md"}
TEXT_SUFFIXES = {".md", ".json", ".js", ".ts"}


def check(root: Path) -> list[str]:
    """Return a sentence for each thing that is wrong."""
    problems = bundle_plugins.check(root)
    for plugin in bundle_plugins.list_plugins(root):
        problems += check_tool_names(root, plugin) + check_commands(root, plugin)
        problems += check_addresses(root, plugin)
        problems += check_package(root, plugin)
    problems += check_skills(root)
    problems += check_claude(root / "plugins" / "claude")
    problems += check_hosts(root)
    return problems


def check_hosts(root: Path) -> list[str]:
    """Check that every host known to the client has a plugin."""
    plugins = {plugin.name for plugin in bundle_plugins.list_plugins(root)}
    return [
        f"plugins/{name} is missing, though the client knows the host"
        for name in NAMES
        if name not in plugins
    ]


def check_tool_names(root: Path, plugin: Path) -> list[str]:
    """Check that every tool that a plugin or a skill mentions is in the contract."""
    known = {tool.name for tool in TOOLS} | NO_TOOLS
    return [
        f"{path.relative_to(root)}: there is no tool {name}"
        for path in list_texts(plugin)
        for name in sorted(set(SPOKEN_OF.findall(path.read_text())) - known)
    ]


def check_commands(root: Path, plugin: Path) -> list[str]:
    """Check that every `mnemos` command that a text mentions exists."""
    known = set(cli.list_commands(click.Context(cli)))
    return [
        f"{path.relative_to(root)}: there is no mnemos {name}"
        for path in list_texts(plugin)
        if path.suffix == ".md"
        for name in sorted(set(COMMAND.findall(path.read_text())) - known)
    ]


def check_addresses(root: Path, plugin: Path) -> list[str]:
    """Check that no plugin contains the address of a server: that comes from the user."""
    return [
        f"{path.relative_to(root)}: {address} is written into the plugin"
        for path in list_texts(plugin)
        if path.suffix != ".md"
        for address in ADDRESS.findall(path.read_text())
    ]


def check_skills(root: Path) -> list[str]:
    """Check that each skill has the name of its folder and a description, which says when to use it."""
    problems = []
    for path in sorted((root / "skills").resolve().glob("*/SKILL.md")):
        found = FRONT_MATTER.match(path.read_text())
        lines = found["fields"].splitlines() if found else []
        fields = {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
        where = f"skills/{path.parent.name}/SKILL.md"
        if fields.get("name") != path.parent.name:
            problems.append(f"{where}: its name isn't that of its folder")
        if not 0 < len(fields.get("description", "")) <= MAX_DESCRIPTION_CHARACTERS:
            problems.append(f"{where}: a description has 1 to {MAX_DESCRIPTION_CHARACTERS} characters")
    return problems


def check_package(root: Path, plugin: Path) -> list[str]:
    """Check that a plugin that is an npm package includes the skills and its README."""
    path = plugin / "package.json"
    missing = NEEDED_FILES - set(read_json(path).get("files", [])) if path.is_file() else set()
    return [f"{path.relative_to(root)}: its files lack {name}" for name in sorted(missing)]


def check_claude(plugin: Path) -> list[str]:
    """Check the hooks (known events, calls of `mnemos hook` with a timeout) and the MCP server."""
    problems = []
    for event, groups in read_json(plugin / "hooks" / "hooks.json")["hooks"].items():
        if event not in CLAUDE_EVENTS:
            problems.append(f"hooks.json: unknown event {event}")
        for hook in (hook for group in groups for hook in group["hooks"]):
            expected = ["hook", event, "--harness", "claude"]
            if (hook.get("command"), hook.get("args")) != ("mnemos", expected):
                problems.append(f"hooks.json: {event} doesn't run mnemos {' '.join(expected)}")
            if "timeout" not in hook:
                problems.append(f"hooks.json: {event} has no timeout")
    matchers = [
        group.get("matcher") for group in read_json(plugin / "hooks" / "hooks.json")["hooks"]["PreToolUse"]
    ]
    if matchers != [f"^mcp__plugin_mnemos_memory__memory_({'|'.join(short_tool_names())})$"]:
        problems.append("hooks.json: PreToolUse matches other tools than ours")
    servers = read_json(plugin / ".mcp.json")["mcpServers"]
    if (servers["memory"]["command"], servers["memory"]["args"]) != ("mnemos", ["mcp"]):
        problems.append(".mcp.json: the server isn't mnemos mcp")
    return problems


def short_tool_names() -> list[str]:
    """Return the tools' names without their common prefix."""
    return [tool.name.removeprefix("memory_") for tool in TOOLS]


def list_texts(folder: Path) -> list[Path]:
    """Return the text files of a plugin."""
    files = (path for path in sorted(folder.rglob("*")) if path.suffix in TEXT_SUFFIXES and path.is_file())
    return [path for path in files if "node_modules" not in path.parts]


def read_json(path: Path) -> dict[str, Any]:
    """Read a manifest.

    Raises:
        ValueError: the file, which the message names, isn't JSON.
        TypeError: it isn't a JSON object.
    """
    try:
        data = json.loads(path.read_text())
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    if not isinstance(data, dict):
        raise TypeError(f"{path}: not a JSON object")
    return data


def main() -> int:
    """Print what is wrong; return 1 if anything is."""
    try:
        problems = check(ROOT)
    except (ValueError, TypeError, KeyError, OSError) as error:
        problems = [f"{type(error).__name__}: {error}"]
    for problem in problems:
        print(f"check_plugins: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
