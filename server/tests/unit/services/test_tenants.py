from __future__ import annotations

import pytest
from mnemo_server.domain.ids import IdSource
from mnemo_server.services import tenants
from mnemo_server.services.tenants import TRUST_SECONDS, TenantService, hash_key, new_key
from mnemo_server.stores.records import KeyRecord
from mnemo_server.stores.tenants import TenantStore


class CountingStore(TenantStore):
    """A store that counts its reads."""

    def __init__(self) -> None:
        self.records: dict[bytes, KeyRecord] = {}
        self.reads = 0

    async def find_key(self, key_hash: bytes) -> KeyRecord | None:
        self.reads += 1
        return self.records.get(key_hash)


class Clock:
    now = 1_704_067_200_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def keys() -> CountingStore:
    return CountingStore()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service(keys: CountingStore, clock: Clock) -> TenantService:
    return TenantService(keys, IdSource(clock), clock)


def test_keys_are_long_distinct_and_safe_in_urls():
    created = {new_key() for _ in range(100)}

    assert len(created) == 100
    assert all(len(key) == 36 and key.startswith("mnk_") for key in created)
    assert all(character.isalnum() or character in "-_" for key in created for character in key)


async def test_a_valid_key_is_cached_for_a_while(service: TenantService, keys: CountingStore, clock: Clock):
    keys.records[hash_key("k")] = KeyRecord(1, 2, is_active=True)

    for _ in range(5):
        assert await service.find_key("k") == KeyRecord(1, 2, is_active=True)
    assert keys.reads == 1
    clock.now += TRUST_SECONDS * 1_000_000
    await service.find_key("k")
    assert keys.reads == 2


async def test_a_revoked_key_is_rejected_once_the_cache_expires(
    service: TenantService, keys: CountingStore, clock: Clock
):
    keys.records[hash_key("k")] = KeyRecord(1, 2, is_active=True)
    await service.find_key("k")
    keys.records[hash_key("k")] = KeyRecord(1, 2, is_active=False)

    clock.now += TRUST_SECONDS * 1_000_000
    record = await service.find_key("k")

    assert record is not None
    assert not record.is_active


async def test_unknown_keys_are_not_cached(service: TenantService, keys: CountingStore):
    assert await service.find_key("k") is None
    keys.records[hash_key("k")] = KeyRecord(1, 2, is_active=True)

    assert await service.find_key("k") is not None


async def test_the_number_of_cached_keys_is_bounded(service: TenantService, keys: CountingStore, monkeypatch):
    monkeypatch.setattr(tenants, "MAX_REMEMBERED", 10)
    for number in range(50):
        keys.records[hash_key(f"k{number}")] = KeyRecord(number, 1, is_active=True)
        await service.find_key(f"k{number}")

    assert len(service._remembered) <= 10
