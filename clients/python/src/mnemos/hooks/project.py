"""Which project a folder belongs to, the same for every subfolder, worktree and clone.

Git's files are read directly: starting `git` would cost more than the rest of the hook.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

#: Longest project name the server takes (MAX_NAME_CHARACTERS of the contract).
MAX_PROJECT_CHARACTERS = 200
_MAX_GIT_FILE_BYTES = 256 * 1024


def find_project(folder: str) -> str | None:
    """Name the project of a folder: its normalised remote, else a hash of where its main worktree lies.

    None for a folder outside every repository: what is said there belongs to no project.
    """
    if not folder:
        return None
    try:
        common_folder = _find_common_folder(Path(folder).resolve())
        if common_folder is None:
            return None
        remote = _find_remote(_read_text(common_folder / "config"))
        name = normalise_remote(remote) if remote else None
    except (OSError, ValueError):
        return None
    return _shorten(name) if name else _name_local(common_folder)


def normalise_remote(url: str) -> str | None:
    """Write a remote as `host/path`, whatever the transport; a local path stays one. No user, no password.

    Raises ValueError for a URL that can't be read.
    """
    url = url.strip()
    if "://" in url:
        parts = urlsplit(url)
        host, path = (parts.hostname or "").lower(), parts.path
    elif ":" in url and "/" not in url.partition(":")[0]:
        login, _, path = url.partition(":")
        host = login.rpartition("@")[2].lower()
    else:
        host, path = "", url
    path = path.rstrip("/").removesuffix(".git").rstrip("/")
    if not path:
        return None
    return f"{host}/{path.lstrip('/')}" if host else path


def _find_common_folder(folder: Path) -> Path | None:
    """Find the git folder with `config`, which all worktrees of a repository share."""
    for candidate in (folder, *folder.parents):
        marker = candidate / ".git"
        if marker.is_dir():
            return marker
        if marker.is_file():
            return _follow_marker(marker)
    return None


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


def _find_remote(config: str) -> str | None:
    """Give the URL of `origin`, else of the first remote of a git configuration."""
    section = ""
    urls: dict[str, str] = {}
    for raw in config.splitlines():
        line = raw.strip()
        if line.startswith("["):
            section = line.rstrip("]").lstrip("[").strip()
            continue
        key, equals, value = line.partition("=")
        if equals and key.strip().lower() == "url" and section.startswith("remote "):
            urls.setdefault(section, value.strip().strip('"'))
    return urls.get('remote "origin"') or next(iter(urls.values()), None)


def _read_text(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(_MAX_GIT_FILE_BYTES).decode("utf-8", "replace")


def _name_local(common_folder: Path) -> str:
    main = common_folder.parent if common_folder.name == ".git" else common_folder
    return f"local/{main.name[:100]}-{_hash(str(main))}"


def _shorten(name: str) -> str:
    if len(name) <= MAX_PROJECT_CHARACTERS:
        return name
    return f"{name[: MAX_PROJECT_CHARACTERS - 17]}-{_hash(name)}"


def _hash(text: str) -> str:
    from hashlib import sha256  # noqa: PLC0415 - only where there is no remote

    return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]
