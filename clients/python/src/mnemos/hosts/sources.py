"""Where the plugins come from: this client contains them, in its package or in its working tree.

So they always have the client's version, and setup needs no registry to which others can publish.
"""

from __future__ import annotations

from pathlib import Path

import mnemos
from mnemos.machine.machine import Machine, SetupFailed

#: A file that only the root of a working tree has.
_TREE_MARK = ".claude-plugin/marketplace.json"
_PACKAGE = Path(mnemos.__file__).resolve().parent
#: The folder of the plugins in an installed package, laid out as in a working tree (see pyproject.toml).
_BROUGHT = _PACKAGE / "_plugins"
#: Folders above this package in a working tree: clients/python/src/mnemos.
_DEPTH = 4


def find_source(host: str, mark: str, given: Path | None, *, takes_package: bool = True) -> str:
    """Return the absolute path of what the host should install, in which there is the file `mark`.

    Raises:
        SetupFailed: the given path, or this client, contains no plugin for this host.
    """
    if given is None:
        found = _look_into(host, mark, find_working_tree() or _BROUGHT)
        if found is None:
            raise SetupFailed(f"this client contains no plugin for {host}; pass one with --source")
        return str(found)
    path = given.expanduser().absolute()
    if takes_package and path.is_file() and path.suffix in (".tgz", ".gz"):
        return str(path)
    found = _look_into(host, mark, path)
    if found is None:
        raise SetupFailed(f"{path} contains no plugin for {host}: no {mark} there or in plugins/{host}")
    return str(found)


def describe_source(machine: Machine, source: str) -> str:
    """Describe a source for people: by its path, unless it is in this package."""
    return "the plugin of this client" if source.startswith(str(_BROUGHT)) else machine.shorten(source)


def find_working_tree() -> Path | None:
    """Return the working tree that this client runs from; None for an installed client."""
    tree = _PACKAGE.parents[_DEPTH - 1]
    return tree if (tree / _TREE_MARK).is_file() and (tree / "plugins").is_dir() else None


def _look_into(host: str, mark: str, folder: Path) -> Path | None:
    for path in (folder, folder / "plugins" / host, folder / host):
        if (path / mark).is_file():
            return path
    return None
