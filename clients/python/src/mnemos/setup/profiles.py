"""Writing the file of profiles. Every change keeps the other profiles and lets only the owner read it."""

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
#: Characters that a profile's name is made of.
_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")


def check_name(name: str) -> None:
    """Raise SetupFailed when a profile can't have this name."""
    if not name or not set(name) <= _NAME_CHARACTERS:
        raise SetupFailed(
            f"{name!r} can't be a profile's name: letters, digits, dots, dashes and underscores"
        )


def save_profile(machine: Machine, name: str, address: ServerAddress) -> bool:
    """Add or change a profile; the first one counts. False when it was so already.

    Raises:
        SetupFailed: the name can't be one.
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
    """Let a profile be the one that counts when none is named.

    Raises:
        SetupFailed: there is none of that name.
    """
    credentials = load(machine)
    _demand(credentials, name)
    credentials.default = name
    _write(machine, credentials)


def remove_profile(machine: Machine, name: str) -> None:
    """Forget a profile and its key; the file goes with the last one.

    Raises:
        SetupFailed: there is none of that name.
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
    """Read all profiles, also from a file that others can read; empty when there is none.

    Raises:
        BadAddress: the file is damaged.
    """
    return read_credentials(str(machine.credentials_path), is_careful=False) or Credentials()


def set_aside_damaged(machine: Machine) -> Path | None:
    """Move a damaged file away, so that a new one can be written; gives where it is now."""
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
    """Give where a damaged file is moved to."""
    return machine.credentials_path.with_suffix(".damaged.json")


def has_loose_mode(path: Path) -> bool:
    """Tell whether others can read the file, or the folder that it lies in."""
    if os.name != "posix":
        return False
    return any(part.exists() and part.stat().st_mode & OTHERS for part in (path, path.parent))


def tighten(path: Path) -> None:
    """Let nobody but the owner read the file."""
    for part, mode in ((path, _FILE_MODE), (path.parent, _FOLDER_MODE)):
        if part.exists():
            part.chmod(mode)


def _demand(credentials: Credentials, name: str) -> None:
    if name not in credentials.profiles:
        known = ", ".join(sorted(credentials.profiles)) or "none"
        raise SetupFailed(f"there is no profile {name!r}; there is {known}")


def _write(machine: Machine, credentials: Credentials) -> None:
    profiles = {
        profile.name: {"url": profile.url, "api_key": profile.api_key}
        for profile in credentials.profiles.values()
    }
    data = {"default": credentials.default, "profiles": profiles}
    write_file(machine.credentials_path, f"{json.dumps(data, indent=2)}\n".encode(), mode=_FILE_MODE)
    tighten(machine.credentials_path)
