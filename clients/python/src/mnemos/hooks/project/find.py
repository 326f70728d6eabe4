"""Finds the project of a folder, which is the same for every subfolder, worktree and clone.

Git's files are read directly: starting `git` would take longer than the rest of the hook. GIT_DIR and similar
variables are ignored: only the folder that the user works in matters.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from mnemos._generated.limits import MAX_NAME_CHARACTERS
from mnemos.hooks.naming import hash_text
from mnemos.hooks.project.remotes import expand_abbreviation, find_remote, is_abbreviation, read_remote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mnemos.hooks.project.remotes import Remote

_HASH_DIGITS = 16
_MAX_GIT_FILE_BYTES = 256 * 1024
#: Maximum number of remotes that are followed from folder to folder on this machine.
_MAX_HOPS = 5
#: Where git keeps a user's own configuration.
_USER_CONFIGS = ("~/.gitconfig", "~/.config/git/config")


def find_project(folder: str) -> str | None:
    """Return the project of a folder: its normalised remote, or else a hash of the repository's path.

    A remote that is a folder of this machine means nothing elsewhere: the repository there is used instead.
    None for a folder outside every repository: messages there belong to no project.
    """
    if not folder:
        return None
    try:
        common_folder = _find_common_folder(os.path.realpath(folder))
        return _shorten(_name(common_folder)) if common_folder else None
    except (OSError, ValueError):
        return None


def _name(common_folder: str) -> str:
    """Return the name of a repository; follows local clones until one has a remote elsewhere."""
    place = _find_place(common_folder)
    config = _read_text(os.path.join(common_folder, "config"))
    for _ in range(_MAX_HOPS):
        remote = _find_remote(config)
        if remote is None:
            break
        if remote.host:
            return f"{remote.host}/{remote.path}"
        place = os.path.realpath(os.path.join(place, remote.path))
        original = _open(place) or _open(f"{place}.git")
        if original is None:
            break
        place, config = _find_place(original), _read_text(os.path.join(original, "config"))
    return f"local/{os.path.basename(place)[:100]}-{hash_text(place)[:_HASH_DIGITS]}"


def _find_remote(config: str) -> Remote | None:
    url = find_remote(config)
    if url and is_abbreviation(url):
        url = expand_abbreviation(url, (config, *_read_user_configs()))
    try:
        return read_remote(url) if url else None
    except ValueError:
        return None


def _read_user_configs() -> Iterator[str]:
    for name in _USER_CONFIGS:
        with suppress(OSError):
            yield _read_text(os.path.expanduser(name))


def _find_place(common_folder: str) -> str:
    """Return the folder that identifies a repository: its main worktree, or a bare one without `.git`."""
    parent, name = os.path.split(common_folder)
    return parent if name == ".git" else common_folder.removesuffix(".git")


def _find_common_folder(folder: str) -> str | None:
    """Return the git folder with `config`, which all worktrees of a repository share."""
    while (found := _open(folder)) is None:
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent
    return found


def _open(folder: str) -> str | None:
    """Return the git folder with `config` of the repository with this root; None if it isn't a root.

    Raises ValueError or OSError for an invalid `.git` file.
    """
    marker = os.path.join(folder, ".git")
    if os.path.isdir(marker):
        return marker
    if os.path.isfile(marker):
        return _follow_marker(marker)
    is_bare = os.path.isfile(os.path.join(folder, "HEAD")) and all(
        os.path.isdir(os.path.join(folder, name)) for name in ("objects", "refs")
    )
    return folder if is_bare else None


def _follow_marker(marker: str) -> str:
    """Return the folder with the configuration of a worktree or submodule, from its `.git` file."""
    pointer = _read_text(marker).partition("gitdir:")[2].strip()
    if not pointer:
        raise ValueError("a .git file without gitdir")
    git_folder = os.path.realpath(os.path.join(os.path.dirname(marker), pointer))
    common = os.path.join(git_folder, "commondir")
    if os.path.isfile(common):
        return os.path.realpath(os.path.join(git_folder, _read_text(common).strip()))
    return git_folder


def _read_text(path: str) -> str:
    with open(path, "rb") as file:
        return os.fsdecode(file.read(_MAX_GIT_FILE_BYTES))


def _shorten(name: str) -> str:
    name = name.encode("utf-8", "replace").decode()
    if len(name) <= MAX_NAME_CHARACTERS:
        return name
    return f"{name[: MAX_NAME_CHARACTERS - 1 - _HASH_DIGITS]}-{hash_text(name)[:_HASH_DIGITS]}"
