"""Where the plugins come from: published, or from a working tree or a bundle."""

from __future__ import annotations

from pathlib import Path

import mnemos
from mnemos.setup.machine import SetupFailed

#: The marketplace of Claude Code in the project's repository, and the packages of the other hosts.
PUBLISHED = {
    "claude": "mnemos-memory/mnemos",
    "opencode": "@mnemos/opencode",
    "openclaw": "@mnemos/openclaw",
}
#: What shows that a folder or a file is the plugin of a host.
_MARKS = {
    "claude": ".claude-plugin/marketplace.json",
    "opencode": "package.json",
    "openclaw": "openclaw.plugin.json",
}
#: Folders above this package in a working tree: clients/python/src/mnemos.
_DEPTH = 4


def find_source(host: str, given: Path | None) -> str:
    """Give what the host is told to install: an absolute path, or the published name.

    A client that runs from a working tree takes the plugins that lie beside it.

    Raises:
        SetupFailed: what was given holds no plugin for this host.
    """
    if given is None:
        tree = find_working_tree()
        found = _look_into(host, tree) if tree else None
        return str(found) if found else PUBLISHED[host]
    path = given.expanduser().absolute()
    if path.is_file() and path.suffix in (".tgz", ".gz") and host != "claude":
        return str(path)
    found = _look_into(host, path)
    if found is None:
        raise SetupFailed(f"{path} holds no plugin for {host}: no {_MARKS[host]} there or in plugins/{host}")
    return str(found)


def find_working_tree() -> Path | None:
    """Give the working tree that this client runs from; None for an installed one."""
    package = Path(mnemos.__file__).resolve().parent
    tree = package.parents[_DEPTH - 1]
    return tree if (tree / _MARKS["claude"]).is_file() and (tree / "plugins").is_dir() else None


def _look_into(host: str, folder: Path) -> Path | None:
    for path in (folder, folder / "plugins" / host, folder / host):
        if (path / _MARKS[host]).is_file():
            return path
    return None
