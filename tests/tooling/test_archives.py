"""The check of the archives finds what would be missing on a user's machine."""

from __future__ import annotations

import dataclasses
import io
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.release import build, contents
from tools.release.members import ROOT, read_members, read_project

VERSION = read_project(ROOT)["version"]
CONTRACT = next(member for member in read_members() if member.name == "mnemos-contract")
INFO = f"mnemos_contract-{VERSION}.dist-info"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source distribution of one member."""
    folder = tmp_path_factory.mktemp("built")
    build.build_member(CONTRACT, folder)
    return folder


@pytest.fixture
def wheel(built: Path, tmp_path: Path) -> Path:
    """A copy of the wheel for a test to break."""
    return Path(shutil.copy(next(built.glob("*.whl")), tmp_path))


@pytest.fixture
def source(built: Path, tmp_path: Path) -> Path:
    """A copy of the source distribution for a test to break."""
    return Path(shutil.copy(next(built.glob("*.tar.gz")), tmp_path))


def rewrite(wheel: Path, change: Callable[[str, bytes], bytes | None]) -> None:
    """Write a wheel again with each file changed; a change of None removes the file."""
    with zipfile.ZipFile(wheel) as old:
        files = {name: change(name, old.read(name)) for name in old.namelist()}
    with zipfile.ZipFile(wheel, "w") as new:
        for name, data in files.items():
            if data is not None:
                new.writestr(name, data)


def append(source: Path, entry: tarfile.TarInfo, data: bytes = b"") -> None:
    """Add an entry to a compressed archive."""
    with tarfile.open(source) as old:
        entries = [(found, old.extractfile(found) if found.isfile() else None) for found in old.getmembers()]
        kept = [(found, file.read() if file else b"") for found, file in entries]
    entry.size = len(data)
    with tarfile.open(source, "w:gz") as new:
        for found, content in [*kept, (entry, data)]:
            new.addfile(found, io.BytesIO(content))


def find_in_wheel(wheel: Path) -> list[str]:
    return list(contents.check_wheel(CONTRACT, wheel, VERSION))


def test_the_archives_as_they_are_built_are_complete(wheel: Path, source: Path) -> None:
    assert find_in_wheel(wheel) == []
    assert list(contents.check_source(CONTRACT, source, VERSION)) == []


@pytest.mark.parametrize("lost", ["mnemos_contract/py.typed", "mnemos_contract/mcp/calls.py"])
def test_a_lost_file_is_found(wheel: Path, lost: str) -> None:
    rewrite(wheel, lambda name, data: None if name == lost else data)

    assert find_in_wheel(wheel) == [f"{wheel.name} lacks {lost}"]


def test_a_file_that_belongs_to_no_package_is_found(wheel: Path) -> None:
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("tests/test_routes.py", "")

    assert find_in_wheel(wheel) == [f"{wheel.name} has tests/test_routes.py, which isn't to be published"]


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        (f"{INFO}/licenses/LICENSE", b"Apache License", b"Licence", "its licence isn't the project's"),
        (f"{INFO}/METADATA", b"License-File: LICENSE\n", b"", "its metadata lacks License-File"),
        (f"{INFO}/METADATA", b"Project-URL", b"X-URL", "its metadata lacks Project-URL"),
        (f"{INFO}/METADATA", f"Version: {VERSION}\n".encode(), b"Version: 0\n", "it calls itself"),
        (f"{INFO}/METADATA", b"Metadata-Version: 2.4", b"Metadata-Version: 9", "of version 9, not 2.4"),
        (f"{INFO}/METADATA", b"# mnemos-contract", b"# Contract", "its description isn't its README"),
    ],
)
def test_wrong_metadata_is_found(wheel: Path, file: str, old: bytes, new: bytes, complaint: str) -> None:
    rewrite(wheel, lambda name, data: data.replace(old, new) if name == file else data)

    [problem] = find_in_wheel(wheel)
    assert complaint in problem


def test_a_package_that_accepts_any_version_of_another_one_is_found(wheel: Path) -> None:
    needy = dataclasses.replace(CONTRACT, needs=("mnemos-other",))

    assert list(contents.check_wheel(needy, wheel, VERSION)) == [
        f"{wheel.name}: it doesn't ask for mnemos-other=={VERSION}"
    ]


def test_a_link_is_found_since_it_is_broken_elsewhere(source: Path) -> None:
    entry = tarfile.TarInfo(f"mnemos_contract-{VERSION}/src/link")
    entry.type, entry.linkname = tarfile.SYMTYPE, "../../LICENSE"
    append(source, entry)

    assert list(contents.check_source(CONTRACT, source, VERSION)) == [
        f"{source.name}: {entry.name} is a link"
    ]


def test_a_missing_archive_is_found(built: Path) -> None:
    [missing, *others] = contents.check_all(built)

    assert "mnemos_client" in missing
    assert "mnemos-openclaw" in missing
    assert others == []
