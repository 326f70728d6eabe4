"""Ids: 63-bit numbers inside, 13 characters of Crockford base32 outside.

41 bits of milliseconds since 2024 (enough until 2093) and 22 random bits, so ids sort by age and any number
of servers create them without coordination. They are short on purpose: a model pays tokens for every id.
"""

from __future__ import annotations

import random
import threading
from typing import Final

from mnemo_server.domain.clock import Clock

#: 2024-01-01T00:00:00Z in milliseconds since 1970.
ID_EPOCH_MS: Final = 1_704_067_200_000
_RANDOM_BITS: Final = 22
_LARGEST_ID: Final = 2**63 - 1
_LENGTH: Final = 13
_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUES: Final = {character: value for value, character in enumerate(_ALPHABET)}


class IdSource:
    """Creates increasing ids: later ids of one source are larger, whichever thread asks."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0
        self._lock = threading.Lock()

    def new_id(self) -> int:
        """Return the next id."""
        milliseconds = self._clock() // 1_000 - ID_EPOCH_MS
        candidate = (milliseconds << _RANDOM_BITS) | random.getrandbits(_RANDOM_BITS)
        with self._lock:
            # Within one millisecond, or when the clock steps back, count up from the last id.
            self._last = candidate if candidate > self._last else self._last + 1
            return self._last


def encode_id(number: int) -> str:
    """Return an id as the API shows it.

    Raises:
        ValueError: the number is not a valid id.
    """
    if not 0 <= number <= _LARGEST_ID:
        raise ValueError(f"{number} is no id")
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(60, -5, -5))


def decode_id(text: str) -> int | None:
    """Parse an id of the API, in upper or lower case; return None for anything that can't be one."""
    if len(text) != _LENGTH:
        return None
    number = 0
    for character in text.lower():
        value = _VALUES.get(character)
        if value is None:
            return None
        number = number << 5 | value
    return number if number <= _LARGEST_ID else None
