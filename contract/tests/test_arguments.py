"""What is wrong with the arguments of a tool or a query, in sentences that say what would be right."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from mnemos_contract import ListQuery, StoreRequest
from mnemos_contract.errors import InvalidRequest
from mnemos_contract.limits import MAX_FILTER_ITEMS
from mnemos_contract.mcp.calls import read_call
from pydantic import ValidationError


@pytest.mark.parametrize(
    ("tool", "arguments", "sentence"),
    [
        ("memory_get", {"memory_id": "x", "id": "x"}, "unknown parameter 'memory_id': memory_get accepts id"),
        ("memory_get", {}, "id: required"),
        ("memory_get", {"id": 7}, "id: should be a valid string, not 7"),
        ("memory_store", {"content": "x", "tags": [1]}, "tags.0: should be a valid string, not 1"),
        ("memory_search", {"limit": "x" * 80}, "not 80 characters"),
        ("memory_get", {"id": ["long"] * 40}, "…"),
        ("memory_search", {"limit": 0, "offset": -1}, "; offset: "),
        ("memory_store", {"content": "x", "metadata": {"a": "\ud800"}}, "metadata"),
    ],
)
def test_a_wrong_argument_is_named_with_what_would_be_right(
    tool: str, arguments: dict[str, Any], sentence: str
):
    with pytest.raises(InvalidRequest) as caught:
        read_call(tool, arguments)

    assert sentence in str(caught.value)


def test_a_day_of_a_query_begins_at_midnight_utc():
    query = ListQuery.model_validate({"created_from": "2026-11-24", "created_before": " 2026-11-25 "})

    assert query.created_from is not None
    assert query.created_before is not None
    assert query.created_from.isoformat() == "2026-11-24T00:00:00+00:00"
    assert query.created_before.isoformat() == "2026-11-25T00:00:00+00:00"


def test_a_moment_that_is_no_text_is_taken_as_it_is():
    moment = datetime(2026, 11, 24, tzinfo=UTC)

    assert ListQuery.model_validate({"created_from": moment}).created_from == moment


def test_a_plus_that_a_query_string_made_a_blank_is_read_as_a_plus():
    query = ListQuery.model_validate({"as_of": "2026-11-24T10:00:00 02:00"})

    assert query.as_of is not None
    assert query.as_of.isoformat() == "2026-11-24T08:00:00+00:00"


def test_a_bare_number_is_no_date():
    with pytest.raises(ValidationError, match="must be a date such as 2026-11-24"):
        ListQuery.model_validate({"created_from": "2026"})


def test_a_filter_has_no_more_items_than_the_limit():
    with pytest.raises(ValidationError, match=f"max {MAX_FILTER_ITEMS}"):
        ListQuery.model_validate({"tags": ["x"] * (MAX_FILTER_ITEMS + 1)})


def test_only_a_pinned_memory_is_kept_from_automatic_steps():
    assert StoreRequest.model_validate({"content": "x", "memory_type": "pinned"}).is_pinned
    assert not StoreRequest.model_validate({"content": "x"}).is_pinned


def test_content_and_messages_exclude_each_other():
    message = {"role": "user", "content": "x"}
    with pytest.raises(ValidationError, match="either content or messages, not both"):
        StoreRequest.model_validate({"content": "x", "messages": [message], "session_id": "s"})
    with pytest.raises(ValidationError, match="subject is only allowed with content"):
        StoreRequest.model_validate({"subject": "a/b", "messages": [message], "session_id": "s"})
    with pytest.raises(ValidationError, match="memory_type is only allowed with content"):
        StoreRequest.model_validate({"memory_type": "pinned", "messages": [message], "session_id": "s"})


def test_metadata_that_is_nested_too_deeply_is_named():
    nested: dict[str, Any] = {}
    for _ in range(100_000):
        nested = {"a": nested}

    with pytest.raises(InvalidRequest, match="metadata"):
        read_call("memory_store", {"content": "x", "metadata": nested})
