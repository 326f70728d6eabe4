"""Creates tenants and keys, and looks keys up."""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

from mnemo_server.domain.clock import MICROSECONDS, Clock
from mnemo_server.domain.idempotency import KEPT_FOR
from mnemo_server.domain.ids import IdSource
from mnemo_server.stores.records import KeyRecord, NewKey
from mnemo_server.stores.tenants import TenantStore

KEY_PREFIX: Final = "mnk_"
#: Random bytes of a key: 192 bits, so that a key can't be found from its plain sha256 by search.
KEY_BYTES: Final = 24
#: How long a valid key is cached without asking the database again. A revoked key is refused within this
#: time.
TRUST_SECONDS: Final = 5
#: Maximum number of cached keys.
MAX_REMEMBERED: Final = 10_000


class TenantService:
    """Operations on tenants and keys."""

    def __init__(self, store: TenantStore, ids: IdSource, clock: Clock) -> None:
        self._store = store
        self._ids = ids
        self._clock = clock
        self._remembered: dict[str, tuple[KeyRecord, int]] = {}

    async def provision(self, name: str) -> str:
        """Create a tenant and return its key, which is only shown this once."""
        key = new_key()
        await self._store.create(self._ids.new_id(), name, self._hashed(key), self._clock())
        return key

    async def provision_first(self, name: str) -> str | None:
        """Create the first tenant of an empty database and return its key; None if the database has one."""
        key = new_key()
        made = await self._store.create_first(name, self._hashed(key), self._clock())
        return key if made else None

    async def find_key(self, key: str) -> KeyRecord | None:
        """Look a key up; a valid key is cached for a few seconds."""
        now = self._clock()
        remembered = self._remembered.get(key)
        if remembered is not None and remembered[1] > now:
            return remembered[0]
        record = await self._store.find_key(hash_key(key))
        if record is not None and record.is_active:
            if len(self._remembered) >= MAX_REMEMBERED:
                self._remembered.clear()
            self._remembered[key] = (record, now + TRUST_SECONDS * MICROSECONDS)
        else:
            self._remembered.pop(key, None)
        return record

    async def forget_old_responses(self) -> int:
        """Remove expired kept responses, and return how many."""
        return await self._store.remove_responses(self._clock() - KEPT_FOR)

    def _hashed(self, key: str) -> NewKey:
        return NewKey(self._ids.new_id(), hash_key(key))


def new_key() -> str:
    """Return a new random key."""
    return KEY_PREFIX + secrets.token_urlsafe(KEY_BYTES)


def hash_key(key: str) -> bytes:
    """Return the hash of a key that the database stores: 32 bytes."""
    return hashlib.sha256(key.encode()).digest()
