"""Writes a user's files in one step, so that no one reads half a file, and links stay links."""

from __future__ import annotations

import os
from pathlib import Path

#: Mode of folders that contain keys.
PRIVATE_FOLDER = 0o700


def write_file(path: Path, data: bytes, *, mode: int | None = None) -> None:
    """Write a file in one step, with this mode, or else the mode that it has.

    A missing folder is created, restricted to its owner if the file is. A link is followed.
    """
    target = path.resolve()
    if mode is None:
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o644
    make_folder(target.parent, PRIVATE_FOLDER if mode == 0o600 else 0o755)  # noqa: PLR2004 - restricted to the owner
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        temporary.chmod(mode)  # the umask may have taken some of it
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def make_folder(path: Path, mode: int) -> None:
    """Create a folder with this mode, and its parents with the usual mode."""
    if path.is_dir():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(mode=mode, exist_ok=True)
