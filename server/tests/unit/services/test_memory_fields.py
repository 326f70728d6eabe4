"""No field of a memory is missing in its history, its row, its response, or the removal of secrets."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any, get_type_hints

import pytest
from mnemo_server.db.queries import load_fragments, load_queries
from mnemo_server.domain.memories.fields import MAY_HAVE_SECRETS, rules_of
from mnemo_server.domain.memories.memory import MEMORY_FIELDS, StoredMemory, hash_content, snapshot
from mnemo_server.domain.memories.past import reconstruct
from mnemo_server.services.memories.wire import to_wire
from mnemo_server.services.redaction.requests import Redactor, Scrubber
from mnemo_server.services.redaction.stored import scrub_memory
from mnemo_server.stores.memories.rows import to_memory, to_row
from mnemos_contract.writing import StoreRequest

#: Every field has a value other than its default.
FULL = StoredMemory(
    tenant_id=1,
    id=7,
    content="tea at five",
    memory_type="insight",
    state="archived",
    version=3,
    content_hash=hash_content("tea at five"),
    created_at=1_000,
    updated_at=2_000,
    source="alice",
    tags=("habit", "drink"),
    metadata='{"cup": [1, null]}',
    agent_id="agent",
    session_id="session",
    seq=4,
    role="user",
    name="Ann",
    project="project",
    superseded_by=8,
    updated_by="bob",
    subject="tea",
    superseded_at=1_500,
    likeness=b"l" * 16,
    derived_from=(3, 4),
)
#: A current memory with only the required fields, all different from those of FULL.
BARE = StoredMemory(
    tenant_id=2,
    id=9,
    content="coffee",
    memory_type="pinned",
    state="active",
    version=5,
    content_hash=hash_content("coffee"),
    created_at=3_000,
    updated_at=4_000,
)
FIELDS = sorted(MEMORY_FIELDS)
SECRET = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"

#: Fields whose type contains text, however they are declared.
TEXTS = {name for name, hint in get_type_hints(StoredMemory).items() if "str" in str(hint)}
#: Fields that are declared to contain texts of callers.
SEARCHED = {name for name, rule in MEMORY_FIELDS.items() if rule.content in MAY_HAVE_SECRETS}

#: Fields that earlier versions don't have, each with the reason.
NOT_IN_HISTORY = {
    "tenant_id",  # never changes
    "id",
    "created_at",
    "seq",  # a message keeps its position in the session
    "role",
    "name",
    "content_hash",  # computed from the text
    "likeness",  # an earlier version is never a repeat
}
#: Fields that no response contains by themselves.
NOT_IN_RESPONSE = {
    "tenant_id",  # determined by the key
    "content_hash",  # internal
    "likeness",
    "seq",  # part of the metadata of messages
    "role",
    "name",
}
#: Text fields that aren't searched for secrets.
NO_SECRETS = {
    "memory_type",  # set by the server
    "state",
    "agent_id",  # names of programs, from a header
    "updated_by",
    "role",  # set by the protocol
}


@pytest.mark.parametrize("name", FIELDS)
def test_the_examples_differ_in_every_field(name: str):
    assert getattr(FULL, name) != getattr(BARE, name)


def test_a_field_without_a_rule_is_an_error():
    record = dataclasses.make_dataclass("Record", [("language", str)])

    with pytest.raises(TypeError, match=r"Record\.language needs one rule"):
        rules_of(record)


@pytest.mark.parametrize("name", FIELDS)
def test_an_earlier_version_has_every_field_of_its_time(name: str):
    before = reconstruct(BARE, snapshot(FULL))

    if name not in NOT_IN_HISTORY:
        assert getattr(before, name) == getattr(FULL, name)


@pytest.mark.parametrize("name", FIELDS)
def test_an_earlier_version_without_a_value_does_not_get_the_current_one(name: str):
    before = reconstruct(FULL, snapshot(BARE))

    if name not in NOT_IN_HISTORY:
        assert getattr(before, name) == getattr(BARE, name)


def test_a_memory_equals_the_row_it_was_written_as():
    for memory in (FULL, BARE):
        row = to_row(memory)
        del row["is_message"]
        assert to_memory(row) == memory


@pytest.mark.parametrize("variant", ["sqlite", "mysql"])
def test_each_field_has_a_column_that_is_read_and_written(variant: Any):
    read = re.split(r",\s+", load_fragments(variant)["memory_columns"])

    assert sorted(read) == FIELDS
    assert sorted(load_queries("memories", variant).put_memory.order) == sorted([*FIELDS, "is_message"])


@pytest.mark.parametrize("name", FIELDS)
def test_a_response_contains_each_field(name: str):
    other = dataclasses.replace(FULL, **{name: getattr(BARE, name)})

    assert (to_wire(other) != to_wire(FULL)) is (name not in NOT_IN_RESPONSE)


@pytest.mark.parametrize("name", sorted(TEXTS - NO_SECRETS))
def test_secrets_are_removed_from_every_text_field(name: str):
    value: Any = {"tags": (SECRET,), "metadata": json.dumps([SECRET])}.get(name, SECRET)

    scrubbed = scrub_memory(dataclasses.replace(FULL, **{name: value}), Scrubber(b"key"))

    assert SECRET not in str(getattr(scrubbed, name))
    assert "[redacted:" in str(getattr(scrubbed, name))


@pytest.mark.parametrize("name", sorted(SEARCHED & StoreRequest.model_fields.keys()))
async def test_secrets_are_removed_from_every_text_field_of_a_request(name: str):
    value: Any = [SECRET] if name in ("tags", "metadata") else SECRET
    request = StoreRequest.model_validate({"content": "tea", name: value})

    cleaned, removed_count = await Redactor(b"key").clean_store(request)

    assert removed_count == 1
    assert SECRET not in cleaned.model_dump_json()


@pytest.mark.parametrize("variant", ["sqlite", "mysql"])
def test_a_sweep_writes_each_field_that_may_contain_secrets(variant: Any):
    assert set(load_queries("redaction", variant).rewrite_memory.order) >= SEARCHED
