"""Which project a folder belongs to, the same for every subfolder, worktree and clone.

Git's files are read directly: starting `git` would cost more than the rest of the hook. GIT_DIR and its like
aren't asked: what counts is where the user works.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from mnemos.hooks.remotes import expand_abbreviation, find_remote, is_abbreviation, read_remote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mnemos.hooks.remotes import Remote

#: Longest project name the server takes (MAX_NAME_CHARACTERS of the contract).
MAX_PROJECT_CHARACTERS = 200
_MAX_GIT_FILE_BYTES = 256 * 1024
#: So far a repository is followed whose remote is another folder of this machine.
_MAX_HOPS = 5
#: Where git keeps a user's own configuration, below the home folder.
_USER_CONFIGS = (".gitconfig", ".config/git/config")


def find_project(folder: str) -> str | None:
    """Name the project of a folder: its normalised remote, else a hash of where the repository lies.

    A remote that is a folder of this machine says nothing to others: what is there counts instead.
    None for a folder outside every repository: what is said there belongs to no project.
    """
    if not folder:
        return None
    try:
        common_folder = _find_common_folder(Path(folder).resolve())
        return _shorten(_name(common_folder)) if common_folder else None
    except (OSError, ValueError):
        return None


def _name(common_folder: Path) -> str:
    """Name a repository, going from clone to clone until one came from elsewhere."""
    place = _find_place(common_folder)
    config = _read_text(common_folder / "config")
    for _ in range(_MAX_HOPS):
        remote = _find_remote(config)
        if remote is None:
            break
        if remote.host:
            return f"{remote.host}/{remote.path}"
        place = (place / remote.path).resolve()
        original = _open(place) or _open(place.with_name(f"{place.name}.git"))
        if original is None:
            break
        place, config = _find_place(original), _read_text(original / "config")
    return f"local/{place.name[:100]}-{_hash(str(place))}"


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
        try:
            yield _read_text(Path.home() / name)
        except (OSError, RuntimeError):
            continue


def _find_place(common_folder: Path) -> Path:
    """Give the folder that a repository is known by: its main worktree, or the bare one without `.git`."""
    if common_folder.name == ".git":
        return common_folder.parent
    return common_folder.with_name(common_folder.name.removesuffix(".git") or common_folder.name)


def _find_common_folder(folder: Path) -> Path | None:
    """Find the git folder with `config`, which all worktrees of a repository share."""
    return next((found for candidate in (folder, *folder.parents) if (found := _open(candidate))), None)


def _open(folder: Path) -> Path | None:
    """Give the git folder with `config` of the repository whose top this is; None when it is none.

    Raises ValueError or OSError for a `.git` file that leads nowhere.
    """
    marker = folder / ".git"
    if marker.is_dir():
        return marker
    if marker.is_file():
        return _follow_marker(marker)
    is_bare = (folder / "HEAD").is_file() and (folder / "objects").is_dir() and (folder / "refs").is_dir()
    return folder if is_bare else None


def _follow_marker(marker: Path) -> Path:
    """Go from the `.git` file of a worktree or submodule to the folder that holds its configuration."""
    pointer = _read_text(marker).partition("gitdir:")[2].strip()
    if not pointer:
        raise ValueError("a .git file without gitdir")
    git_folder = (marker.parent / pointer).resolve()
    common = git_folder / "commondir"
    if common.is_file():
        return (git_folder / _read_text(common).strip()).resolve()
    return git_folder


def _read_text(path: Path) -> str:
    with path.open("rb") as file:
        return os.fsdecode(file.read(_MAX_GIT_FILE_BYTES))


def _shorten(name: str) -> str:
    name = name.encode("utf-8", "replace").decode()
    if len(name) <= MAX_PROJECT_CHARACTERS:
        return name
    return f"{name[: MAX_PROJECT_CHARACTERS - 17]}-{_hash(name)}"


def _hash(text: str) -> str:
    from hashlib import sha256  # noqa: PLC0415 - only where there is no remote

    return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]
