"""Checks of a server by setup and doctor: is it reachable, is the key valid, does it store and find?"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import mnemos
from mnemos.address import ServerAddress
from mnemos.machine.machine import SetupFailed

#: Until a stored memory must be found.
FIND_SECONDS = 10.0
_PAUSE_SECONDS = 0.2
_TAG = "mnemos-setup-check"
_AGENT = "mnemos-setup"


def open_client(address: ServerAddress) -> mnemos.Client:
    """Return a client without retries, which the caller closes."""
    return mnemos.Client(address.url, address.api_key, agent_id=_AGENT, retry=mnemos.RetryPolicy(attempts=1))


def check_server(url: str) -> str:
    """Return the version of the server at an address; raises MnemosError."""
    with open_client(ServerAddress(url)) as client:
        return client.get_version().version


def check_key(address: ServerAddress) -> None:
    """Check that the key grants access to a tenant; raises MnemosError or SetupFailed."""
    with open_client(address) as client:
        status = client.get_key_status().status
    if status != "active":
        raise SetupFailed(f"the key is {status} at {address.url}: ask the operator of the server")


def make_key(url: str) -> ServerAddress:
    """Create a tenant on the server and return its key; raises MnemosError."""
    with open_client(ServerAddress(url)) as client:
        return ServerAddress(url, client.provision_tenant().id)


@dataclass(frozen=True, slots=True)
class Canary:
    """A memory that exists only for a check."""

    #: A word that no other memory has.
    word: str
    #: What the memory says about it: another such word.
    sign: str
    #: Milliseconds until a search found it.
    ms: float

    @property
    def prompt(self) -> str:
        """A question that it answers, which doesn't contain the sign."""
        return f"What is the check word of {self.word}?"


def remember(address: ServerAddress) -> float:
    """Store a unique memory, find it, delete it; return the milliseconds until it was found.

    Raises:
        SetupFailed: it isn't found.
        MnemosError: the server returns an error, or is unreachable.
    """
    with keep_canary(address) as canary:
        return canary.ms


@contextmanager
def keep_canary(address: ServerAddress) -> Iterator[Canary]:
    """Store a unique memory, wait until it is found, and delete it in the end. Raises as `remember`."""
    word, sign = f"zq{secrets.token_hex(6)}", f"zw{secrets.token_hex(6)}"
    content = f"mnemos checks that a memory is found again: the check word of {word} is {sign}."
    with open_client(address) as client:
        started = time.monotonic()
        stored = client.store_memory(content=content, tags=[_TAG])
        if stored.id is None:
            raise SetupFailed(f"{address.url} stores memories, but doesn't return their ids")
        try:
            while not _is_found(client, word, stored.id):
                if time.monotonic() - started > FIND_SECONDS:
                    raise SetupFailed(f"a stored memory wasn't found within {FIND_SECONDS:.0f} s")
                time.sleep(_PAUSE_SECONDS)
            yield Canary(word, sign, (time.monotonic() - started) * 1000)
        finally:
            client.delete_memory(stored.id)


def _is_found(client: mnemos.Client, word: str, memory_id: str) -> bool:
    page = client.list_memories(q=word, min_confidence=0, limit=5)
    return any(memory.id == memory_id for memory in page.memories)
