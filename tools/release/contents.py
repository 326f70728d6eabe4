"""Check what is in the archives: all files of a package and no others, the licence, and the metadata."""

from __future__ import annotations

import json
import tarfile
import zipfile
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesParser
from pathlib import Path

from tools import bundle_plugins
from tools.release.members import ROOT, Member, NpmPackage, read_members, read_npm_packages, read_project

#: The metadata that every package needs.
FIELDS = (
    "Summary", "License-Expression", "License-File", "Author", "Keywords", "Classifier", "Project-URL",
    "Requires-Python", "Description-Content-Type",
)  # fmt: skip
#: The newest version that every uploading tool reads.
METADATA_VERSION = "2.4"
#: Where a member's wheel and its source distribution contain the plugins (see its hatch_build.py).
BROUGHT = {"mnemos-client": ("mnemos/_plugins", "_plugins")}


def check_all(dist: Path) -> Iterator[str]:
    """Yield a sentence for each thing that is wrong with the archives in a folder."""
    version = str(read_project(ROOT)["version"])
    members, packages = read_members(), read_npm_packages()
    wheels = {member: f"{member.file_name}-{version}-py3-none-any.whl" for member in members}
    sources = {member: f"{member.file_name}-{version}.tar.gz" for member in members}
    tarballs = {package: f"{package.file_name}-{version}.tgz" for package in packages}
    expected = {*wheels.values(), *sources.values(), *tarballs.values()}
    present = {path.name for path in dist.iterdir()}
    if present != expected:
        yield from compare(dist, present, expected)
        return
    for member in members:
        yield from check_wheel(member, dist / wheels[member], version)
        yield from check_source(member, dist / sources[member], version)
    for package in packages:
        yield from check_tarball(package, dist / tarballs[package], version)


def check_wheel(member: Member, path: Path, version: str) -> Iterator[str]:
    """Yield what is wrong with a wheel."""
    with zipfile.ZipFile(path) as wheel:
        info = f"{member.file_name}-{version}.dist-info"
        names = {name for name in wheel.namelist() if not name.startswith(f"{info}/")}
        yield from compare(path, names, list_modules(member) | list_brought(member, 0))
        if wheel.read(f"{info}/licenses/LICENSE") != (ROOT / "LICENSE").read_bytes():
            yield f"{path.name}: its licence isn't the project's"
        metadata = BytesParser().parsebytes(wheel.read(f"{info}/METADATA"))
    yield from check_metadata(path, member, metadata, version)


def check_source(member: Member, path: Path, version: str) -> Iterator[str]:
    """Yield what is wrong with a source distribution."""
    prefix = f"{member.file_name}-{version}/"
    own = {"LICENSE", "README.md", "pyproject.toml", "PKG-INFO", ".gitignore"}
    own |= {"hatch_build.py"} if (member.folder / "hatch_build.py").is_file() else set()
    own |= {f"src/{name}" for name in list_modules(member)} | list_brought(member, 1)
    with tarfile.open(path) as source:
        yield from find_links(path, source)
        names = {entry.name.removeprefix(prefix) for entry in source if entry.isfile()}
        licence = source.extractfile(f"{prefix}LICENSE")
        if licence is None or licence.read() != (ROOT / "LICENSE").read_bytes():
            yield f"{path.name}: its licence isn't the project's"
    yield from compare(path, names, own)


def check_metadata(path: Path, member: Member, metadata: Message, version: str) -> Iterator[str]:
    """Yield what is wrong with a wheel's metadata; twine checks that the README renders."""
    missing = [field for field in FIELDS if not metadata.get(field)]
    if missing:
        yield f"{path.name}: its metadata lacks {', '.join(missing)}"
    if metadata["Metadata-Version"] != METADATA_VERSION:
        yield f"{path.name}: metadata of version {metadata['Metadata-Version']}, not {METADATA_VERSION}"
    if (metadata["Name"], metadata["Version"]) != (member.name, version):
        yield f"{path.name}: it calls itself {metadata['Name']} {metadata['Version']}"
    description = metadata.get_payload(decode=True)
    if description != (member.folder / "README.md").read_bytes():
        yield f"{path.name}: its description isn't its README"
    needed = set(metadata.get_all("Requires-Dist", []))
    for name in member.needs:
        if f"{name}=={version}" not in needed:
            yield f"{path.name}: it doesn't ask for {name}=={version}"


def check_tarball(package: NpmPackage, path: Path, version: str) -> Iterator[str]:
    """Yield what is wrong with the tarball of a plugin."""
    with tarfile.open(path) as tarball:
        yield from find_links(path, tarball)
        names = {entry.name.removeprefix("package/") for entry in tarball if entry.isfile()}
        file = tarball.extractfile("package/package.json")
        manifest = json.loads(file.read()) if file else {}
    yield from compare(path, names, list_plugin(package.folder) | {"LICENSE"})
    if (manifest.get("name"), manifest.get("version")) != (package.name, version):
        yield f"{path.name}: it calls itself {manifest.get('name')} {manifest.get('version')}"
    for field in ("description", "license", "author", "repository", "keywords", "engines"):
        if field not in manifest:
            yield f"{path.name}: its package.json lacks {field}"
    if "scripts" in manifest:
        yield f"{path.name}: it has scripts, which nothing but a clone needs"


def list_modules(member: Member) -> set[str]:
    """Return the files of a member's package, by their paths below `src/`."""
    source = member.folder / "src"
    files = (path for path in (source / member.module).rglob("*") if path.is_file())
    return {str(path.relative_to(source)) for path in files if "__pycache__" not in path.parts}


def list_brought(member: Member, place: int) -> set[str]:
    """Return the files of the plugins in a member's archives, if it includes them."""
    if member.name not in BROUGHT:
        return set()
    prefix = BROUGHT[member.name][place]
    plugins = bundle_plugins.list_plugins(ROOT)
    files = {f"plugins/{folder.name}/{name}" for folder in plugins for name in list_plugin(folder)}
    return {f"{prefix}/{name}" for name in files | {".claude-plugin/marketplace.json"}}


def list_plugin(folder: Path) -> set[str]:
    """Return the published files of a plugin, including those behind links."""
    entries = [entry for entry in folder.iterdir() if entry.name not in {"tests", "node_modules"}]
    links = {entry: entry.resolve() for entry in entries}
    return {
        str(Path(entry.name) / path.relative_to(real)) if real.is_dir() else entry.name
        for entry, real in links.items()
        for path in (real.rglob("*") if real.is_dir() else [real])
        if path.is_file()
    }


def compare(path: Path, names: set[str], expected: set[str]) -> Iterator[str]:
    """Yield the files that an archive lacks, and those that it shouldn't contain."""
    if lacking := sorted(expected - names):
        yield f"{path.name} lacks {', '.join(lacking)}"
    if beyond := sorted(names - expected):
        yield f"{path.name} has {', '.join(beyond)}, which isn't to be published"


def find_links(path: Path, archive: tarfile.TarFile) -> Iterator[str]:
    """Yield the links in an archive: they are broken on other machines."""
    for entry in archive:
        if not (entry.isfile() or entry.isdir()):
            yield f"{path.name}: {entry.name} is a link"
