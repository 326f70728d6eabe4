"""Undoes the changes that a section of the manifest records."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mnemos.machine.files import write_file
from mnemos.machine.records import FileRecord, Section, read_bytes


def undo(section: Section, remove_entries: Callable[[], None]) -> list[str]:
    """Restore files; from those that have changed since, remove only our entries.

    `remove_entries` removes them, through the host or by an edit. Return the files that stay changed.
    """
    untouched = {path for path, record in section.files.items() if record.is_untouched(Path(path))}
    found = {path: read_bytes(Path(path)) for path in section.files}
    remove_entries()
    kept = []
    for name, record in section.files.items():
        path = Path(name)
        if name in untouched:
            put_back(path, record)
        elif not _tidy(path, record, found[name]):
            kept.append(name)
    for tree in section.trees:
        _remove_tree(Path(tree))
    remove_empty_folders(section.folders)
    return kept


def put_back(path: Path, record: FileRecord) -> None:
    """Restore a file to its recorded content."""
    if record.before is None:
        path.unlink(missing_ok=True)
    else:
        write_file(path, record.before, mode=record.mode)


def remove_empty_folders(folders: list[str]) -> None:
    """Remove empty folders, innermost first."""
    for folder in reversed(folders):
        with contextlib.suppress(OSError):
            Path(folder).rmdir()


def _remove_tree(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_dir():
        shutil.rmtree(path, ignore_errors=True)


def _tidy(path: Path, record: FileRecord, found: bytes | None) -> bool:
    """Remove the empty objects that a host leaves of our entries in JSON; True if the file is restored.

    `found` is the content of the file before our entries were removed.
    """
    now = read_bytes(path)
    if now == record.before:
        return True
    values, before, full = _parse(now), _parse(record.before), _parse(found)
    if not all(isinstance(each, dict) for each in (values, before, full)):
        return False
    pruned = _prune(values, before, full)
    if pruned == before or (record.before is None and set(pruned) <= {"version"}):
        put_back(path, record)
        return True
    if pruned != values:
        write_file(path, f"{json.dumps(pruned, indent=2, ensure_ascii=False)}\n".encode())
    return False


def _prune(values: dict[str, Any], before: dict[str, Any], full: dict[str, Any]) -> dict[str, Any]:
    """Leave out what didn't exist before, had content in the meantime, and is empty now."""
    pruned = {}
    for name, value in values.items():
        kept = value
        if isinstance(value, dict):
            kept = _prune(value, _get_object(before, name), _get_object(full, name))
        if name in before or kept not in ({}, []) or full.get(name) in ({}, []):
            pruned[name] = kept
    return pruned


def _get_object(values: dict[str, Any], name: str) -> dict[str, Any]:
    found = values.get(name)
    return found if isinstance(found, dict) else {}


def _parse(data: bytes | None) -> Any:
    try:
        return json.loads(data) if data is not None else {}
    except (ValueError, RecursionError):
        return None
