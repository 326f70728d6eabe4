"""The credentials file: servers and their keys, one profile each, readable only by its owner.

    {"default": "work", "profiles": {"work": {"url": "https://memory.example", "api_key": "mnk_…"}}}

Standard library only: the hook runner reads it before each prompt. `mnemos.setup.profiles` writes it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from mnemos import variables
from mnemos.address import BadAddress

#: Variable that names the profile to use instead of the default one.
PROFILE_VARIABLE = variables.PROFILE.name
#: Name of the profile that `mnemos setup` saves if none is named.
FIRST_PROFILE = "default"
FILE_NAME = "credentials.json"
#: Mode bits that give other users access to a file.
OTHERS = 0o077


class Profile:
    """One server and the key of a tenant there."""

    __slots__ = ("api_key", "name", "url")

    def __init__(self, name: str, url: str, api_key: str) -> None:
        self.name = name
        self.url = url
        self.api_key = api_key

    def __repr__(self) -> str:
        return f"Profile(name={self.name!r}, url={self.url!r}, api_key={'***' if self.api_key else ''!r})"


class Credentials:
    """All profiles by name, and the name of the default one ("" for none)."""

    __slots__ = ("default", "profiles")

    def __init__(self, default: str = "", profiles: dict[str, Profile] | None = None) -> None:
        self.default = default
        self.profiles = profiles or {}


def find_config_folder(environ: Mapping[str, str], platform: str = sys.platform) -> str:
    """Return mnemos' folder for settings, by the conventions of the platform."""
    home = environ.get("HOME") or environ.get("USERPROFILE") or os.path.expanduser("~")  # noqa: PTH111 - pathlib
    given = environ.get("XDG_CONFIG_HOME", "")
    if given and os.path.isabs(given):  # noqa: PTH117 - pathlib costs a hook milliseconds, here and above
        return f"{given}/mnemos"
    if platform == "darwin":
        return f"{home}/Library/Application Support/mnemos"
    if platform == "win32":
        return f"{environ.get('APPDATA') or f'{home}/AppData/Roaming'}/mnemos"
    return f"{home}/.config/mnemos"


def find_credentials_file(environ: Mapping[str, str]) -> str:
    """Return the path of the file, whether or not it exists."""
    return f"{find_config_folder(environ)}/{FILE_NAME}"


def find_profile(environ: Mapping[str, str], name: str = "") -> Profile | None:
    """Return the profile with this name, or else the default one; None if there are no profiles.

    Raises:
        BadAddress: the named profile doesn't exist, or the file can't be used.
    """
    path = find_credentials_file(environ)
    name = name or environ.get(PROFILE_VARIABLE, "").strip()
    credentials = read_credentials(path)
    if credentials is None and not name:
        return None
    profiles = credentials.profiles if credentials else {}
    wanted = name or (credentials.default if credentials else "")
    if wanted in profiles:
        return profiles[wanted]
    if not name and not profiles:
        return None
    known = ", ".join(sorted(profiles)) or "none"
    raise BadAddress(
        f"there is no profile {wanted!r} in {path}; existing profiles: {known}. `mnemos setup` creates one"
    )


def read_credentials(path: str, *, is_careful: bool = True) -> Credentials | None:
    """Read the file; None if it doesn't exist. Without `is_careful`, other users may have access to it.

    Raises:
        BadAddress: it can't be read, other users can read it, or it is damaged. No key is shown.
    """
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - as above
            others = os.fstat(file.fileno()).st_mode & OTHERS if os.name == "posix" else 0
            if others and is_careful:
                raise BadAddress(f"other users can read the keys in {path}; to fix it: `chmod 600 {path}`")
            text = file.read()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it isn't text"
        raise BadAddress(f"{path} can't be read: {reason}") from None
    return _parse(text, path)


def _parse(text: str, path: str) -> Credentials:
    import json  # noqa: PLC0415 - most programs have their address from the environment

    try:
        data = json.loads(text)
        profiles = {
            str(name): Profile(str(name), _text(fields["url"]), _text(fields["api_key"]))
            for name, fields in data["profiles"].items()
        }
        return Credentials(_text(data.get("default", "")), profiles)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        # Without a cause: the text of these errors may contain a part of the file.
        raise BadAddress(f"{path} is damaged; `mnemos setup` moves it away and writes a new one") from None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
