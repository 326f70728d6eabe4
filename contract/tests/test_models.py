"""What the wire models read, write and refuse."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from mnemos_contract import (
    BatchDeleteRequest,
    ListQuery,
    Memory,
    SessionMessagesQuery,
    StoreRequest,
    UpdateRequest,
)
from mnemos_contract.base import WireModel, to_microseconds
from mnemos_contract.errors import InvalidJson, InvalidRequest
from mnemos_contract.limits import (
    MAX_BATCH_IDS,
    MAX_CONTENT_BYTES,
    MAX_MESSAGE_BYTES,
    MAX_MESSAGES_PER_SESSION,
    MAX_SESSIONS,
    MAX_TAGS,
)
from mnemos_contract.validation import explain
from pydantic import ValidationError

MEMORY = {
    "id": "0amfm0j0ye4sz",
    "content": "Deploys need the VPN.",
    "memory_type": "insight",
    "state": "active",
    "version": 3,
    "created_at": "2026-11-23T20:38:51.655943Z",
    "updated_at": "2026-11-23T20:38:52Z",
    "tags": ["deploy"],
    "metadata": {"ticket": None, "links": [1, None]},
    "confidence": 87,
}


def refusal(model: type[WireModel], fields: dict[str, Any]) -> str:
    """Return the sentence with which `fields` are refused."""
    with pytest.raises(ValidationError) as caught:
        model.model_validate(fields)
    error = explain(caught.value)
    assert isinstance(error, InvalidRequest)
    return str(error)


def test_a_memory_reads_back_as_it_was_written():
    memory = Memory.model_validate(MEMORY)
    assert Memory.model_validate_json(memory.to_json()) == memory


def test_an_answer_leaves_absent_members_out_but_keeps_nulls_inside_metadata():
    answer = Memory.model_validate(MEMORY).to_json().decode()
    assert "project" not in answer
    assert '"metadata":{"ticket":null,"links":[1,null]}' in answer


def test_a_request_says_what_was_set_an_explicit_null_too_and_nothing_else():
    assert UpdateRequest(metadata=None).to_request() == b'{"metadata":null}'
    assert UpdateRequest().to_request() == b"{}"


def test_an_update_knows_a_null_metadata_from_an_absent_one():
    assert UpdateRequest.model_validate_json(b'{"metadata":null}').changes_metadata
    assert not UpdateRequest.model_validate_json(b"{}").changes_metadata


def test_members_that_this_version_does_not_know_are_ignored():
    assert Memory.model_validate({**MEMORY, "mood": "calm"}) == Memory.model_validate(MEMORY)


def test_moments_are_kept_in_utc_to_the_microsecond():
    moment = datetime(2026, 11, 23, 22, 0, 0, 5, tzinfo=timezone(timedelta(hours=2)))
    memory = Memory.model_validate({**MEMORY, "created_at": moment})
    assert memory.created_at == datetime(2026, 11, 23, 20, 0, 0, 5, tzinfo=UTC)
    assert memory.created_at.tzinfo is UTC
    assert to_microseconds(moment) == 1_795_464_000_000_005


def test_tags_are_trimmed_and_empty_ones_and_repeats_dropped():
    assert StoreRequest(content="x", tags=[" a", "b", "", "a "]).tags == ["a", "b"]


@pytest.mark.parametrize(
    ("model", "fields", "sentence"),
    [
        (StoreRequest, {"content": "x" * (MAX_CONTENT_BYTES + 1)}, "content: too long (max 50000 bytes)"),
        (StoreRequest, {"content": "é" * 25_001}, "content: too long (max 50000 bytes)"),
        (StoreRequest, {"content": "x", "tags": ["t"] * (MAX_TAGS + 1)}, "tags: too many (max 20)"),
        (StoreRequest, {"content": "x", "tags": ["ok", "t" * 201]}, "tags.1: String should have at most 200"),
        (StoreRequest, {"content": "x", "source": "s" * 201}, "source: String should have at most 200"),
        (StoreRequest, {}, "content: content or messages required"),
        (StoreRequest, {"content": " \n"}, "content: content or messages required"),
        (
            StoreRequest,
            {"content": "x", "messages": [{"role": "user", "content": "y"}]},
            "body: provide either content or messages, not both",
        ),
        (
            StoreRequest,
            {"messages": [{"role": "user", "content": "y"}], "memory_type": "pinned"},
            "memory_type: memory_type is only allowed with content, not messages",
        ),
        (StoreRequest, {"content": "x", "mode": "smart"}, "body: content mode does not accept mode"),
        (
            StoreRequest,
            {"content": "x", "memory_type": "session"},
            'memory_type: unsupported value "session"',
        ),
        (StoreRequest, {"messages": [{"role": "user"}]}, "messages.0.content: Field required"),
        (
            UpdateRequest,
            {"expected_version": 0},
            "expected_version: Input should be greater than or equal to 1",
        ),
        (ListQuery, {"q": "x", "state": "deleted"}, "state: a search finds active memories only"),
        (BatchDeleteRequest, {"ids": ["x"] * (MAX_BATCH_IDS + 1)}, "ids: too many (max 1000)"),
        (BatchDeleteRequest, {"ids": [" "]}, "ids: required"),
        (SessionMessagesQuery, {}, "session_id: at least one session_id required"),
        (
            SessionMessagesQuery,
            {"session_id": [str(number) for number in range(MAX_SESSIONS + 1)]},
            "session_id: too many session_ids: maximum is 100",
        ),
        (
            SessionMessagesQuery,
            {"session_id": "s", "limit_per_session": 0},
            "limit_per_session: must be a positive integer",
        ),
    ],
)
def test_a_limit_is_told_with_its_field(model, fields, sentence):
    assert refusal(model, fields).startswith(sentence)


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (StoreRequest, {"content": "x" * MAX_CONTENT_BYTES}),
        (StoreRequest, {"content": "x", "tags": [str(number) for number in range(MAX_TAGS)]}),
        (StoreRequest, {"content": "x", "tags": ["t" * 200]}),
        (BatchDeleteRequest, {"ids": ["x"] * MAX_BATCH_IDS}),
    ],
)
def test_what_reaches_a_limit_without_passing_it_is_taken(model, fields):
    assert model.model_validate(fields)


def test_a_refusal_does_not_repeat_what_was_sent():
    assert "hunter2" not in refusal(StoreRequest, {"content": ["hunter2"]})


@pytest.mark.parametrize(
    ("text", "limit"), [("5", 5), ("0", 10), ("-3", 10), ("many", 10), ("200", 200), ("1000", 200)]
)
def test_a_page_size_is_read_leniently(text, limit):
    assert ListQuery.model_validate({"limit": text}).limit == limit


def test_comma_lists_are_read_trimmed_and_written_with_commas():
    query = ListQuery.model_validate({"tags": " a, b ,,", "memory_type": ["pinned"]})
    assert query.tags == ["a", "b"]
    assert query.model_dump(mode="json", exclude_unset=True) == {"tags": "a,b", "memory_type": "pinned"}
    assert query.model_dump()["tags"] == ["a", "b"]


@pytest.mark.parametrize("model", [StoreRequest, UpdateRequest])
def test_metadata_has_finite_numbers_only(model):
    with pytest.raises(ValidationError, match="contains a number that isn't finite"):
        model.model_validate_json(b'{"content":"x","metadata":{"a":1e400}}')


def test_what_is_no_json_is_told_as_such():
    with pytest.raises(ValidationError) as caught:
        StoreRequest.model_validate_json(b"{")
    assert isinstance(explain(caught.value), InvalidJson)


@pytest.mark.parametrize("text", ["x", None])
def test_an_offset_that_is_no_number_is_the_first_page(text):
    assert ListQuery.model_validate({"offset": text}).offset == 0


def test_a_moment_before_the_first_year_is_refused():
    with pytest.raises(ValidationError, match="must be between the years 1 and 9999, UTC"):
        Memory.model_validate({**MEMORY, "created_at": "0001-01-01T00:00:00+10:00"})


def test_a_message_is_as_long_as_a_limit_allows():
    fields = {"messages": [{"role": "user", "content": "x" * (MAX_MESSAGE_BYTES + 1)}]}
    assert "too long" in refusal(StoreRequest, fields)


@pytest.mark.parametrize(("limit", "read"), [("3", 3), (10**6, MAX_MESSAGES_PER_SESSION)])
def test_a_limit_of_a_session_is_cut_to_the_largest(limit, read):
    query = SessionMessagesQuery.model_validate({"session_id": "s", "limit_per_session": limit})
    assert query.limit_per_session == read


def test_a_limit_of_a_session_that_is_no_number_is_refused():
    fields = {"session_id": "s", "limit_per_session": "many"}
    assert refusal(SessionMessagesQuery, fields) == "limit_per_session: must be a positive integer"
