from __future__ import annotations

import pytest
from mnemo_server.domain.ids import IdSource
from mnemo_server.services import tenants
from mnemo_server.services.tenants import TRUST_SECONDS, TenantService, hash_key, new_key
from mnemo_server.stores.records import KeyRecord
from mnemo_server.stores.tenants import TenantStore


class Keys(TenantStore):
    """A store that counts how often it is asked."""

    def __init__(self) -> None:
        self.records: dict[bytes, KeyRecord] = {}
        self.asked = 0

    async def find_key(self, key_hash: bytes) -> KeyRecord | None:
        self.asked += 1
        return self.records.get(key_hash)


class Clock:
    now = 1_704_067_200_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def keys() -> Keys:
    return Keys()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service(keys: Keys, clock: Clock) -> TenantService:
    return TenantService(keys, IdSource(clock), clock)


def test_keys_are_long_distinct_and_safe_in_paths():
    made = {new_key() for _ in range(100)}

    assert len(made) == 100
    assert all(len(key) == 36 and key.startswith("mnk_") for key in made)
    assert all(character.isalnum() or character in "-_" for key in made for character in key)


async def test_a_good_key_is_asked_for_once_in_a_while(service: TenantService, keys: Keys, clock: Clock):
    keys.records[hash_key("k")] = KeyRecord(1, 2, is_active=True)

    for _ in range(5):
        assert await service.find_key("k") == KeyRecord(1, 2, is_active=True)
    assert keys.asked == 1
    clock.now += TRUST_SECONDS * 1_000_000
    await service.find_key("k")
    assert keys.asked == 2


async def test_a_revoked_key_is_refused_once_its_trust_is_over(
    service: TenantService, keys: Keys, clock: Clock
):
    keys.records[hash_key("k")] = KeyRecord(1, 2, is_active=True)
    await service.find_key("k")
    keys.records[hash_key("k")] = KeyRecord(1, 2, is_active=False)

    clock.now += TRUST_SECONDS * 1_000_000
    record = await service.find_key("k")

    assert record is not None
    assert not record.is_active


async def test_bad_keys_are_not_remembered(service: TenantService, keys: Keys):
    assert await service.find_key("k") is None
    keys.records[hash_key("k")] = KeyRecord(1, 2, is_active=True)

    assert await service.find_key("k") is not None


async def test_many_keys_do_not_fill_the_memory(service: TenantService, keys: Keys, monkeypatch):
    monkeypatch.setattr(tenants, "MAX_REMEMBERED", 10)
    for number in range(50):
        keys.records[hash_key(f"k{number}")] = KeyRecord(number, 1, is_active=True)
        await service.find_key(f"k{number}")

    assert len(service._remembered) <= 10
