"""The steps of setup and of undoing it; each is recorded before it is done."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from mnemos.address import BadAddress, ServerAddress
from mnemos.hooks.state import State
from mnemos.hooks.upload.uploader import UPLOAD_LOCK, UPLOAD_SECONDS
from mnemos.hosts.install_port import Host, InstallOptions
from mnemos.hosts.registry import load_host
from mnemos.machine.linking import make_link, remove_link
from mnemos.machine.machine import Machine
from mnemos.machine.records import Manifest, Section
from mnemos.setup import profiles
from mnemos.setup.undoing import remove_empty_folders, undo

CREDENTIALS = "credentials"
LINK = "link"
#: For an uploader that has released its lock to end.
_ENDING_SECONDS = 0.5


@contextlib.contextmanager
def _recording(manifest: Manifest, name: str) -> Iterator[Section]:
    """Record what a step changes, even if it fails half-way; without changes there is no section."""
    section = manifest.get_section(name)
    try:
        yield section
    finally:
        section.settle()
        if section == Section():
            del manifest.sections[name]
        else:
            manifest.save()


def keep_credentials(machine: Machine, manifest: Manifest, profile: str, address: ServerAddress) -> bool:
    """Save the profile; False if it is unchanged. Raises SetupFailed."""
    known = _find(machine, profile)
    if known == address and not profiles.has_loose_mode(machine.credentials_path):
        return False
    with _recording(manifest, CREDENTIALS) as section:
        section.watch(machine.credentials_path)
        section.watch_folder(machine.state_folder.parent)
        if known is None:
            section.facts["profiles"] = sorted({*section.facts.get("profiles", []), profile})
        section.watch_tree(profiles.get_damaged_path(machine))
        section.settle()
        manifest.save()
        profiles.set_aside_damaged(machine)
        return profiles.save_profile(machine, profile, address)


def link_program(machine: Machine, manifest: Manifest) -> bool:
    """Create the link; False if it exists. Raises SetupFailed."""
    with _recording(manifest, LINK) as section:
        return make_link(machine, section)


def install_host(machine: Machine, manifest: Manifest, host: Host, options: InstallOptions) -> bool:
    """Install the plugin; False if it is installed already. Raises SetupFailed."""
    with _recording(manifest, host.name) as section:
        return host.install(machine, section, options)


def take_back(machine: Machine, manifest: Manifest, name: str) -> list[str]:
    """Undo one section; return the files that can't be restored because they have changed since.

    Raises:
        SetupFailed: it can't be undone; the section is kept.
    """
    section = manifest.sections[name]

    def remove_entries() -> None:
        if name == CREDENTIALS:
            _remove_profiles(machine, section)
        elif name == LINK:
            remove_link(section)
        else:
            load_host(name).remove(machine, section)

    kept = undo(section, remove_entries)
    del manifest.sections[name]
    left = [folder for folder in section.folders if Path(folder).exists()]
    for other in list(manifest.sections.values())[:1]:  # the last section removes them in the end
        other.folders = sorted({*other.folders, *left})
    manifest.save()
    remove_empty_folders(section.folders)
    return [machine.shorten(path) for path in kept]


def list_folders(manifest: Manifest) -> list[str]:
    """Return all folders that setup created, to remove empty ones when everything else is undone."""
    return sorted({folder for section in manifest.sections.values() for folder in section.folders})


def _remove_profiles(machine: Machine, section: Section) -> None:
    known: dict[str, object] = {}
    with contextlib.suppress(BadAddress):
        known = dict(profiles.load(machine).profiles)
    for name in section.facts.get("profiles", []):
        if name in known:
            profiles.remove_profile(machine, name)


def _find(machine: Machine, profile: str) -> ServerAddress | None:
    try:
        found = profiles.load(machine).profiles.get(profile)
        return ServerAddress(found.url, found.api_key) if found else None
    except BadAddress:
        return None


def remove_state(folder: Path) -> bool:
    """Delete the data of hooks: unsent messages, cursors and the log. False if there is none."""
    if not folder.exists():
        return False
    state = State(folder)
    with state.lock(UPLOAD_LOCK, 0.0) as is_idle:
        if is_idle:
            shutil.rmtree(folder)
            return True
    with state.lock(UPLOAD_LOCK, UPLOAD_SECONDS):
        shutil.rmtree(folder)
    time.sleep(_ENDING_SECONDS)  # the uploader accesses the folder once more before it ends
    shutil.rmtree(folder, ignore_errors=True)
    return True
