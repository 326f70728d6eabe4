"""Where the plugins come from: this client brings them along, in its package or in its working tree.

So they are always of the client's version, and setting up asks no registry that others can write to.
"""

from __future__ import annotations

from pathlib import Path

import mnemos
from mnemos.machine.machine import Machine, SetupFailed

#: A file that only the root of a working tree has.
_TREE_MARK = ".claude-plugin/marketplace.json"
_PACKAGE = Path(mnemos.__file__).resolve().parent
#: Where the plugins lie in an installed package, laid out as in a working tree (see pyproject.toml).
_BROUGHT = _PACKAGE / "_plugins"
#: Folders above this package in a working tree: clients/python/src/mnemos.
_DEPTH = 4


def find_source(host: str, mark: str, given: Path | None, *, takes_package: bool = True) -> str:
    """Return what the host is told to install: an absolute path. Its plugin is where the file `mark` is.

    Raises:
        SetupFailed: what was given, or this client, holds no plugin for this host.
    """
    if given is None:
        found = _look_into(host, mark, find_working_tree() or _BROUGHT)
        if found is None:
            raise SetupFailed(f"this client brings no plugin for {host} along; name one with --source")
        return str(found)
    path = given.expanduser().absolute()
    if takes_package and path.is_file() and path.suffix in (".tgz", ".gz"):
        return str(path)
    found = _look_into(host, mark, path)
    if found is None:
        raise SetupFailed(f"{path} holds no plugin for {host}: no {mark} there or in plugins/{host}")
    return str(found)


def describe_source(machine: Machine, source: str) -> str:
    """Give what people are told of a source: its path, unless it lies in our package."""
    return (
        "the plugin that mnemos brings along" if source.startswith(str(_BROUGHT)) else machine.shorten(source)
    )


def find_working_tree() -> Path | None:
    """Give the working tree that this client runs from; None for an installed one."""
    tree = _PACKAGE.parents[_DEPTH - 1]
    return tree if (tree / _TREE_MARK).is_file() and (tree / "plugins").is_dir() else None


def _look_into(host: str, mark: str, folder: Path) -> Path | None:
    for path in (folder, folder / "plugins" / host, folder / host):
        if (path / mark).is_file():
            return path
    return None
