"""Chooses the server and key that setup saves: from options, the profile, or what this machine has."""

from __future__ import annotations

from dataclasses import dataclass

from mnemos.address import DEFAULT_URL, BadAddress, ServerAddress, is_same_address
from mnemos.config import trace_address
from mnemos.credentials import PROFILE_VARIABLE, Profile
from mnemos.machine.machine import Machine
from mnemos.setup import profiles
from mnemos.setup.mem9 import find_mem9_address, find_mem9_file


@dataclass(frozen=True, slots=True)
class Choice:
    """A server and its key; without a key, a new one is created."""

    address: ServerAddress
    #: Where the key comes from, for people.
    origin: str

    @property
    def makes_key(self) -> bool:
        """Whether a key has yet to be created."""
        return not self.address.api_key


@dataclass(frozen=True, slots=True)
class Given:
    """Server and key from the command line."""

    url: str | None = None
    api_key: str | None = None
    provision: bool = False
    from_mem9: bool = False


def choose(machine: Machine, profile: str, given: Given) -> Choice | None:
    """Choose without asking; None if nothing is found.

    Raises:
        BadAddress: the address or key from the command line is invalid.
    """
    kept = offer_kept(machine, profile)
    if given.api_key is not None:
        url = given.url or (kept.address.url if kept else DEFAULT_URL)
        return Choice(ServerAddress(url, given.api_key), "as given")
    if given.from_mem9:
        return offer_mem9(machine)
    if kept and (given.url is None or is_same_address(given.url, kept.address.url)):
        return kept
    if given.provision:
        found = kept.address.url if kept else trace_address(machine.environ, profile=None).address.url
        return Choice(ServerAddress(given.url or found), "a new one")
    found_here = offer_environment(machine)
    if found_here and (given.url is None or is_same_address(given.url, found_here.address.url)):
        return found_here
    return None


def offer_kept(machine: Machine, profile: str) -> Choice | None:
    """Return the server and key of the profile."""
    found = find_kept(machine, profile)
    if found is None or not found.api_key:
        return None
    return Choice(ServerAddress(found.url, found.api_key), f"of profile {profile!r}")


def find_kept(machine: Machine, profile: str) -> Profile | None:
    """Return the profile; None if there is none, or the file is damaged."""
    try:
        return profiles.load(machine).profiles.get(profile)
    except BadAddress:
        return None


def is_replacing(machine: Machine, profile: str, choice: Choice) -> bool:
    """Return whether the profile has a key that this choice would overwrite."""
    kept = offer_kept(machine, profile)
    return kept is not None and kept.address != choice.address


def offer_environment(machine: Machine) -> Choice | None:
    """Return the server and key of the environment."""
    nowhere = dict(machine.environ) | {"XDG_CONFIG_HOME": "/nonexistent"}
    nowhere.pop(PROFILE_VARIABLE, None)
    origin = trace_address(nowhere)
    return Choice(origin.address, f"from {origin.key_from}") if origin.address.api_key else None


def offer_mem9(machine: Machine) -> Choice | None:
    """Return the server and key of mem9's own plugins."""
    address = find_mem9_address(machine)
    return Choice(address, f"from {machine.shorten(find_mem9_file(machine))}") if address else None
