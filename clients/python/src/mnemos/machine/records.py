"""What set-up changed on this machine, so that it can be taken back: `setup.json` beside the credentials.

A section for each thing that can be undone alone: a host, the credentials, the link. Files are kept as they
were before, so that they can be put back byte for byte; nobody but the user can read the manifest.
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
#: Stands for the content of a file that isn't there.
ABSENT = "absent"
_VERSION = 1


@dataclass
class FileRecord:
    """One file before and after the change."""

    #: Its bytes; None when it wasn't there.
    before: bytes | None
    #: Its mode then.
    mode: int = 0o600
    #: Fingerprint of what the change left; "" while it is under way.
    after: str = ""
    #: Somebody else changed it between two of our changes: it can't be put back as a whole.
    is_edited: bool = False

    def is_untouched(self, path: Path) -> bool:
        """Tell whether the file is still as we left it."""
        return bool(self.after) and not self.is_edited and fingerprint(path) == self.after


@dataclass
class Section:
    """One thing that was set up."""

    files: dict[str, FileRecord] = field(default_factory=dict)
    #: Folders that weren't there before, outermost first; they go when they are empty.
    folders: list[str] = field(default_factory=list)
    #: Files and folders that the change made and that nobody else puts anything into.
    trees: list[str] = field(default_factory=list)
    #: What else taking it back has to know.
    facts: dict[str, Any] = field(default_factory=dict)

    def watch(self, *paths: Path) -> None:
        """Remember files as they are before a change."""
        for path in paths:
            record = self.files.get(str(path))
            if record is None:
                mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
                self.files[str(path)] = FileRecord(read_bytes(path), mode)
                self.watch_folder(path.parent)
            elif not record.is_untouched(path):
                record.is_edited = True

    def watch_folder(self, path: Path) -> None:
        """Remember which folders of a path aren't there before a change."""
        missing = [str(folder) for folder in (*reversed(path.parents), path) if not folder.exists()]
        self.folders += [folder for folder in missing if folder not in self.folders]

    def watch_tree(self, path: Path) -> None:
        """Remember that a folder isn't there before a change that makes it."""
        if not path.exists() and str(path) not in self.trees:
            self.watch_folder(path.parent)
            self.trees.append(str(path))

    def settle(self) -> None:
        """Remember the files as the change left them."""
        for path, record in self.files.items():
            record.after = fingerprint(Path(path))


@dataclass
class Manifest:
    """All sections by name, and where they are kept."""

    path: Path
    sections: dict[str, Section] = field(default_factory=dict)

    @classmethod
    def load(cls, folder: Path) -> Manifest:
        """Read the manifest of a folder; it is empty when nothing was set up.

        Raises:
            SetupFailed: it isn't what we write.
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
            raise SetupFailed(f"{path} is damaged: move it away, and undo by hand what was set up") from error
        return manifest

    def get_section(self, name: str) -> Section:
        """Give a section, a new one when it isn't there."""
        return self.sections.setdefault(name, Section())

    def save(self) -> None:
        """Write the manifest; without sections it goes."""
        if not self.sections:
            self.path.unlink(missing_ok=True)
            return
        sections = {name: _format_section(section) for name, section in self.sections.items()}
        text = json.dumps({"version": _VERSION, "sections": sections}, indent=2)
        write_file(self.path, f"{text}\n".encode(), mode=0o600)


def fingerprint(path: Path) -> str:
    """Tell one content of a file from another."""
    data = read_bytes(path)
    return ABSENT if data is None else hashlib.sha256(data).hexdigest()


def read_bytes(path: Path) -> bytes | None:
    """Give what a file holds; None when it isn't there."""
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
