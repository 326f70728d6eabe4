"""No field of a memory is forgotten: in its past, its row, on the wire, and when secrets are removed."""

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

#: Every field has a value that is not its default.
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
#: A current, bare memory, with other values wherever it has one.
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

#: Fields whose type has texts, however they are declared.
TEXTS = {name for name, hint in get_type_hints(StoredMemory).items() if "str" in str(hint)}
#: Fields that are declared to contain texts of callers.
SEARCHED = {name for name, rule in MEMORY_FIELDS.items() if rule.content in MAY_HAVE_SECRETS}

#: Fields of which earlier versions have no value of their own, each for its reason.
NOT_IN_THE_PAST = {
    "tenant_id",  # never changes
    "id",
    "created_at",
    "seq",  # a message stays where it is in its session
    "role",
    "name",
    "content_hash",  # computed from the text
    "likeness",  # an earlier version is no repeat
}
#: Fields that no response shows by themselves.
NOT_ON_THE_WIRE = {
    "tenant_id",  # the key says which
    "content_hash",  # for the server alone
    "likeness",
    "seq",  # shown of messages alone, as their metadata
    "role",
    "name",
}
#: Texts in which no secrets are looked for.
NO_SECRETS = {
    "memory_type",  # words of the server
    "state",
    "agent_id",  # names of programs, from a header
    "updated_by",
    "role",  # a word of the protocol
}


@pytest.mark.parametrize("name", FIELDS)
def test_the_example_has_a_value_in_each_field(name: str):
    assert getattr(FULL, name) != getattr(BARE, name)


def test_a_field_without_a_rule_is_an_error():
    record = dataclasses.make_dataclass("Record", [("language", str)])

    with pytest.raises(TypeError, match=r"Record\.language needs one rule"):
        rules_of(record)


@pytest.mark.parametrize("name", FIELDS)
def test_an_earlier_version_has_every_field_of_its_time(name: str):
    before = reconstruct(BARE, snapshot(FULL))

    if name not in NOT_IN_THE_PAST:
        assert getattr(before, name) == getattr(FULL, name)


@pytest.mark.parametrize("name", FIELDS)
def test_an_earlier_version_without_a_value_does_not_get_the_present_one(name: str):
    before = reconstruct(FULL, snapshot(BARE))

    if name not in NOT_IN_THE_PAST:
        assert getattr(before, name) == getattr(BARE, name)


def test_a_memory_is_read_from_the_row_that_it_is_written_as():
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
def test_a_response_shows_each_field(name: str):
    other = dataclasses.replace(FULL, **{name: getattr(BARE, name)})

    assert (to_wire(other) != to_wire(FULL)) is (name not in NOT_ON_THE_WIRE)


@pytest.mark.parametrize("name", sorted(TEXTS - NO_SECRETS))
def test_no_secret_stays_in_a_field_of_text(name: str):
    value: Any = {"tags": (SECRET,), "metadata": json.dumps([SECRET])}.get(name, SECRET)

    scrubbed = scrub_memory(dataclasses.replace(FULL, **{name: value}), Scrubber(b"key"))

    assert SECRET not in str(getattr(scrubbed, name))
    assert "[redacted:" in str(getattr(scrubbed, name))


@pytest.mark.parametrize("name", sorted(SEARCHED & StoreRequest.model_fields.keys()))
async def test_no_secret_of_a_request_reaches_a_field(name: str):
    value: Any = [SECRET] if name in ("tags", "metadata") else SECRET
    request = StoreRequest.model_validate({"content": "tea", name: value})

    cleaned, taken = await Redactor(b"key").clean_store(request)

    assert taken == 1
    assert SECRET not in cleaned.model_dump_json()


@pytest.mark.parametrize("variant", ["sqlite", "mysql"])
def test_a_sweep_writes_each_field_that_may_have_secrets(variant: Any):
    assert set(load_queries("redaction", variant).rewrite_memory.order) >= SEARCHED
