"""The error tree: codes, statuses and the way over the wire and back."""

from __future__ import annotations

import re
import string

import pytest
from mnemos_contract import errors
from mnemos_contract.errors import (
    ERRORS_BY_CODE,
    ApiError,
    ErrorBody,
    MemoryNotFound,
    MnemosError,
    RateLimited,
    VersionConflict,
    error_from_body,
)


def all_errors() -> list[type[MnemosError]]:
    """Every class of the module that is an error someone meets."""
    classes = [thing for thing in vars(errors).values() if isinstance(thing, type)]
    return [
        thing for thing in classes if issubclass(thing, MnemosError) and thing not in (MnemosError, ApiError)
    ]


def test_no_two_errors_share_a_code():
    codes = [error.code for error in all_errors()]
    assert len(set(codes)) == len(codes)


def test_a_class_without_a_code_of_its_own_cannot_be_made():
    before = dict(ERRORS_BY_CODE)
    for members in ({}, {"code": "memory_not_found"}):
        with pytest.raises(TypeError, match="needs an error code of its own"):
            type("Copy", (ApiError,), members)
    assert before == ERRORS_BY_CODE


def test_the_drawn_tree_shows_every_error_with_its_status_and_code():
    drawn = set(re.findall(r"[├└]── (\w+) +(\d{3})  (\w+)", errors.__doc__ or ""))
    assert drawn == {(error.__name__, str(error.status), error.code) for error in ERRORS_BY_CODE.values()}


def test_the_drawn_tree_shows_the_errors_that_only_a_client_has():
    drawn = set(re.findall(r"[├└]── (\w+)", errors.__doc__ or ""))
    assert drawn == {error.__name__ for error in all_errors()} | {"ApiError"}


@pytest.mark.parametrize("error_class", ERRORS_BY_CODE.values(), ids=ERRORS_BY_CODE)
def test_every_error_comes_back_from_the_wire_as_it_went(error_class):
    names = [name for _, name, _, _ in string.Formatter().parse(error_class.template) if name]
    sent = error_class(**{name: f"a {name}" for name in names})
    body = ErrorBody.model_validate_json(sent.to_body("request-1").model_dump_json())
    received = error_from_body(body, sent.status)
    assert type(received) is error_class
    assert str(received) == str(sent)
    assert received.fields == sent.fields
    assert received.request_id == "request-1"


def test_an_error_of_an_unknown_code_is_a_plain_one_with_its_status():
    error = error_from_body(ErrorBody(error="out of tea", code="teapot"), 418)
    assert type(error) is ApiError
    assert str(error) == "out of tea"
    assert error.fields["status"] == 418


def test_an_error_of_mem9_has_no_code_and_is_read_all_the_same():
    assert str(error_from_body(ErrorBody.model_validate_json('{"error": "not found"}'), 404)) == "not found"


def test_a_wait_that_the_server_names_reaches_the_caller():
    assert RateLimited(retry_after_seconds=7).retry_after_seconds == 7
    assert MemoryNotFound().retry_after_seconds is None


def test_a_version_conflict_tells_both_versions():
    assert "has version 5, not 3" in str(VersionConflict(current_version=5, expected_version=3))
