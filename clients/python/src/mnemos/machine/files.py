"""Writing files of the user's so that nobody ever reads a half one, and their links stay links."""

from __future__ import annotations

import os
from pathlib import Path

#: Mode of folders that hold keys.
PRIVATE_FOLDER = 0o700


def write_file(path: Path, data: bytes, *, mode: int | None = None) -> None:
    """Write a file in one step: with this mode, or the one that it has.

    A folder that is missing is made; for its owner alone where the file is. What a link leads to is written.
    """
    target = path.resolve()
    if mode is None:
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o644
    make_folder(target.parent, PRIVATE_FOLDER if mode == 0o600 else 0o755)  # noqa: PLR2004 - the owner's alone
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
    """Make a folder and those above it, which get the usual mode."""
    if path.is_dir():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(mode=mode, exist_ok=True)
