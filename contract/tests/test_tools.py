"""The five tools as a model sees them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from mnemos_contract import TOOLS
from pydantic import ValidationError

by_name = pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
#: What hosts are known to read in a schema; `anyOf`, `$ref` and `title` aren't among it.
PLAIN_KEYS = {
    "type", "description", "properties", "required", "items", "default", "additionalProperties",
    "minimum", "maximum", "minLength", "maxLength", "maxItems",
}  # fmt: skip


def keys_of(schema: dict[str, Any]) -> Iterator[str]:
    """Yield every keyword of a schema, down to the innermost."""
    for key, value in schema.items():
        yield key
        if key == "properties":
            for inner in value.values():
                yield from keys_of(inner)
        elif isinstance(value, dict) and key == "items":
            yield from keys_of(value)


def test_the_tools_are_the_five_that_prompts_for_mem9_know():
    assert [tool.name for tool in TOOLS] == [
        "memory_store", "memory_search", "memory_get", "memory_update", "memory_delete",
    ]  # fmt: skip


@by_name
def test_a_schema_is_plain(tool):
    assert tool.input_schema["type"] == "object"
    assert set(keys_of(tool.input_schema)) <= PLAIN_KEYS


@by_name
def test_every_parameter_is_described(tool):
    properties = tool.input_schema["properties"]
    assert [name for name, schema in properties.items() if not schema.get("description")] == []


@by_name
def test_an_unknown_argument_is_refused_by_its_name(tool):
    with pytest.raises(ValidationError) as caught:
        tool.arguments.model_validate({"id": "x", "content": "x", "colour": "red"})
    assert ("colour",) in [error["loc"] for error in caught.value.errors()]


def test_what_must_be_given_is_what_mem9_asks_for():
    required = {tool.name: tool.input_schema.get("required", []) for tool in TOOLS}
    assert required == {
        "memory_store": ["content"],
        "memory_search": [],
        "memory_get": ["id"],
        "memory_update": ["id"],
        "memory_delete": ["id"],
    }
