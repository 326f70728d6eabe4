"""Which server and key set-up writes down, from what was given, kept, or lies about on this machine."""

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
    """A server, and the key there; without one a new one is to be made."""

    address: ServerAddress
    #: Where the key comes from, as people are told.
    origin: str

    @property
    def makes_key(self) -> bool:
        """Whether a key has yet to be made."""
        return not self.address.api_key


@dataclass(frozen=True, slots=True)
class Given:
    """What the command line says of server and key."""

    url: str | None = None
    api_key: str | None = None
    provision: bool = False
    from_mem9: bool = False


def choose(machine: Machine, profile: str, given: Given) -> Choice | None:
    """Decide without asking; None when there is nothing to decide by.

    Raises:
        BadAddress: what was given can't be an address or a key.
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
    """Give what the profile says already."""
    found = find_kept(machine, profile)
    if found is None or not found.api_key:
        return None
    return Choice(ServerAddress(found.url, found.api_key), f"of profile {profile!r}")


def find_kept(machine: Machine, profile: str) -> Profile | None:
    """Give the profile; None when there is none, or the file is damaged."""
    try:
        return profiles.load(machine).profiles.get(profile)
    except BadAddress:
        return None


def is_replacing(machine: Machine, profile: str, choice: Choice) -> bool:
    """Tell whether the profile has a key that this choice would overwrite."""
    kept = offer_kept(machine, profile)
    return kept is not None and kept.address != choice.address


def offer_environment(machine: Machine) -> Choice | None:
    """Give what the environment says."""
    nowhere = dict(machine.environ) | {"XDG_CONFIG_HOME": "/nonexistent"}
    nowhere.pop(PROFILE_VARIABLE, None)
    origin = trace_address(nowhere)
    return Choice(origin.address, f"from {origin.key_from}") if origin.address.api_key else None


def offer_mem9(machine: Machine) -> Choice | None:
    """Give what mem9's own plugins keep."""
    address = find_mem9_address(machine)
    return Choice(address, f"from {machine.shorten(find_mem9_file(machine))}") if address else None
