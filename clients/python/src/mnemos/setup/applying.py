"""The steps of set-up and of taking it back; each is recorded before it is done."""

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
#: For an uploader that has let its lock go.
_ENDING_SECONDS = 0.5


@contextlib.contextmanager
def _recording(manifest: Manifest, name: str) -> Iterator[Section]:
    """Keep what a step says it changes, also when it fails half-way; no section when it changes nothing."""
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
    """Write the profile; False when it was so already. Raises SetupFailed."""
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
    """Make the link; False when it is there. Raises SetupFailed."""
    with _recording(manifest, LINK) as section:
        return make_link(machine, section)


def install_host(machine: Machine, manifest: Manifest, host: Host, options: InstallOptions) -> bool:
    """Install the plugin; False when it was there. Raises SetupFailed."""
    with _recording(manifest, host.name) as section:
        return host.install(machine, section, options)


def take_back(machine: Machine, manifest: Manifest, name: str) -> list[str]:
    """Undo one section; gives the files that somebody else changed and that so aren't as they were.

    Raises:
        SetupFailed: it can't be undone; the section stays.
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
    for other in list(manifest.sections.values())[:1]:  # somebody has to take them along in the end
        other.folders = sorted({*other.folders, *left})
    manifest.save()
    remove_empty_folders(section.folders)
    return [machine.shorten(path) for path in kept]


def list_folders(manifest: Manifest) -> list[str]:
    """Give all folders that set-up made, for a last look when everything else is gone."""
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
    """Remove what hooks keep: what waits to be sent, cursors, the log. False when there is nothing."""
    if not folder.exists():
        return False
    state = State(folder)
    with state.lock(UPLOAD_LOCK, 0.0) as is_idle:
        if is_idle:
            shutil.rmtree(folder)
            return True
    with state.lock(UPLOAD_LOCK, UPLOAD_SECONDS):
        shutil.rmtree(folder)
    time.sleep(_ENDING_SECONDS)  # the uploader looks at the folder once more before it ends
    shutil.rmtree(folder, ignore_errors=True)
    return True
