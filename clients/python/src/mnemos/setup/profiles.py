"""Writes the credentials file. Every change keeps the other profiles and restricts the file to its owner."""

from __future__ import annotations

import json
import os
from pathlib import Path

from mnemos.address import BadAddress, ServerAddress
from mnemos.credentials import OTHERS, Credentials, Profile, read_credentials
from mnemos.machine.files import write_file
from mnemos.machine.machine import Machine, SetupFailed

_FILE_MODE = 0o600
_FOLDER_MODE = 0o700
#: Characters that a profile's name may contain.
_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")


def check_name(name: str) -> None:
    """Raise SetupFailed if a profile can't have this name."""
    if not name or not set(name) <= _NAME_CHARACTERS:
        raise SetupFailed(f"invalid profile name {name!r}: use letters, digits, dots, dashes and underscores")


def save_profile(machine: Machine, name: str, address: ServerAddress) -> bool:
    """Add or change a profile; the first one becomes the default. False if nothing changes.

    Raises:
        SetupFailed: the name is invalid.
    """
    check_name(name)
    credentials = load(machine)
    known = credentials.profiles.get(name)
    is_known = known is not None and (known.url, known.api_key) == (address.url, address.api_key)
    if is_known and credentials.default and not has_loose_mode(machine.credentials_path):
        return False
    credentials.profiles[name] = Profile(name, address.url, address.api_key)
    credentials.default = credentials.default or name
    _write(machine, credentials)
    return True


def use_profile(machine: Machine, name: str) -> None:
    """Make a profile the default.

    Raises:
        SetupFailed: there is no such profile.
    """
    credentials = load(machine)
    _demand(credentials, name)
    credentials.default = name
    _write(machine, credentials)


def remove_profile(machine: Machine, name: str) -> None:
    """Delete a profile and its key, and the file with the last one.

    Raises:
        SetupFailed: there is no such profile.
    """
    credentials = load(machine)
    _demand(credentials, name)
    del credentials.profiles[name]
    if credentials.default == name:
        credentials.default = min(credentials.profiles, default="")
    if credentials.profiles:
        _write(machine, credentials)
    else:
        machine.credentials_path.unlink(missing_ok=True)


def load(machine: Machine) -> Credentials:
    """Read all profiles, even from a file that other users can read; empty if there is none.

    Raises:
        BadAddress: the file is damaged.
    """
    return read_credentials(str(machine.credentials_path), is_careful=False) or Credentials()


def set_aside_damaged(machine: Machine) -> Path | None:
    """Move a damaged file away, so that a new one can be written; return its new path."""
    try:
        load(machine)
    except BadAddress:
        path = machine.credentials_path
        aside = get_damaged_path(machine)
        path.replace(aside)
        aside.chmod(_FILE_MODE)
        return aside
    return None


def get_damaged_path(machine: Machine) -> Path:
    """Return the path to which a damaged file is moved."""
    return machine.credentials_path.with_suffix(".damaged.json")


def has_loose_mode(path: Path) -> bool:
    """Return whether other users can read the file or its folder."""
    if os.name != "posix":
        return False
    return any(part.exists() and part.stat().st_mode & OTHERS for part in (path, path.parent))


def tighten(path: Path) -> None:
    """Restrict the file and its folder to the owner."""
    for part, mode in ((path, _FILE_MODE), (path.parent, _FOLDER_MODE)):
        if part.exists():
            part.chmod(mode)


def _demand(credentials: Credentials, name: str) -> None:
    if name not in credentials.profiles:
        known = ", ".join(sorted(credentials.profiles)) or "none"
        raise SetupFailed(f"there is no profile {name!r}; existing profiles: {known}")


def _write(machine: Machine, credentials: Credentials) -> None:
    profiles = {
        profile.name: {"url": profile.url, "api_key": profile.api_key}
        for profile in credentials.profiles.values()
    }
    data = {"default": credentials.default, "profiles": profiles}
    write_file(machine.credentials_path, f"{json.dumps(data, indent=2)}\n".encode(), mode=_FILE_MODE)
    tighten(machine.credentials_path)
