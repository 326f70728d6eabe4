"""What setup changed on this machine, so that it can be undone: `setup.json` beside the credentials.

It has a section for everything that can be undone alone: a host, the credentials, the link. Files are kept as
they were before, to be restored byte for byte; only the user can read the manifest.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mnemos.machine.files import write_file
from mnemos.machine.machine import SetupFailed

FILE_NAME = "setup.json"
#: Fingerprint of a file that doesn't exist.
ABSENT = "absent"
_VERSION = 1


@dataclass
class FileRecord:
    """One file before and after the change."""

    #: Its bytes before; None if it didn't exist.
    before: bytes | None
    #: Its mode before.
    mode: int = 0o600
    #: Its fingerprint after the change; "" during the change.
    after: str = ""
    #: It was changed by others between two of our changes, so it can't be restored as a whole.
    is_edited: bool = False

    def is_untouched(self, path: Path) -> bool:
        """Return whether the file hasn't changed since our change."""
        return bool(self.after) and not self.is_edited and fingerprint(path) == self.after


@dataclass
class Section:
    """The changes of one part of setup."""

    files: dict[str, FileRecord] = field(default_factory=dict)
    #: Folders that didn't exist before, outermost first; they are removed when they are empty.
    folders: list[str] = field(default_factory=list)
    #: Files and folders that the change created and that no one else writes to.
    trees: list[str] = field(default_factory=list)
    #: Other facts that are needed to undo the change.
    facts: dict[str, Any] = field(default_factory=dict)

    def watch(self, *paths: Path) -> None:
        """Record files as they are before a change."""
        for path in paths:
            record = self.files.get(str(path))
            if record is None:
                mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
                self.files[str(path)] = FileRecord(read_bytes(path), mode)
                self.watch_folder(path.parent)
            elif not record.is_untouched(path):
                record.is_edited = True

    def watch_folder(self, path: Path) -> None:
        """Record which folders of a path don't exist before a change."""
        missing = [str(folder) for folder in (*reversed(path.parents), path) if not folder.exists()]
        self.folders += [folder for folder in missing if folder not in self.folders]

    def watch_tree(self, path: Path) -> None:
        """Record that a folder doesn't exist before a change that creates it."""
        if not path.exists() and str(path) not in self.trees:
            self.watch_folder(path.parent)
            self.trees.append(str(path))

    def settle(self) -> None:
        """Record the files as they are after the change."""
        for path, record in self.files.items():
            record.after = fingerprint(Path(path))


@dataclass
class Manifest:
    """All sections by name, and the file that contains them."""

    path: Path
    sections: dict[str, Section] = field(default_factory=dict)

    @classmethod
    def load(cls, folder: Path) -> Manifest:
        """Return the manifest of a folder; it is empty if nothing was set up.

        Raises:
            SetupFailed: the file is damaged.
        """
        path = folder / FILE_NAME
        manifest = cls(path)
        data = read_bytes(path)
        if data is None:
            return manifest
        try:
            for name, section in json.loads(data)["sections"].items():
                manifest.sections[name] = _read_section(section)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SetupFailed(f"{path} is damaged: move it away, and undo the setup by hand") from error
        return manifest

    def get_section(self, name: str) -> Section:
        """Return a section; it is created if it doesn't exist."""
        return self.sections.setdefault(name, Section())

    def save(self) -> None:
        """Write the manifest, or delete it if it has no sections."""
        if not self.sections:
            self.path.unlink(missing_ok=True)
            return
        sections = {name: _format_section(section) for name, section in self.sections.items()}
        text = json.dumps({"version": _VERSION, "sections": sections}, indent=2)
        write_file(self.path, f"{text}\n".encode(), mode=0o600)


def fingerprint(path: Path) -> str:
    """Return a hash of the content of a file."""
    data = read_bytes(path)
    return ABSENT if data is None else hashlib.sha256(data).hexdigest()


def read_bytes(path: Path) -> bytes | None:
    """Return the content of a file; None if it doesn't exist."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _format_section(section: Section) -> dict[str, Any]:
    files = {
        path: {
            "before": None if record.before is None else base64.b64encode(record.before).decode(),
            "mode": record.mode,
            "after": record.after,
            "is_edited": record.is_edited,
        }
        for path, record in section.files.items()
    }
    return {"files": files, "folders": section.folders, "trees": section.trees, "facts": section.facts}


def _read_section(data: dict[str, Any]) -> Section:
    files = {
        path: FileRecord(
            None if record["before"] is None else base64.b64decode(record["before"]),
            record["mode"],
            record["after"],
            record["is_edited"],
        )
        for path, record in data["files"].items()
    }
    return Section(files, list(data["folders"]), list(data["trees"]), dict(data["facts"]))
