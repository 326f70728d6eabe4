"""A JSON object is found in any surrounding text, but not inside a broken one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mnemo_server.llm.json_objects import find_objects


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1}', ['{"a": 1}']),
        ('Sure! Here it is:\n```json\n{"a": {"b": "}"}}\n```\nAnything else?', ['{"a": {"b": "}"}}']),
        ('{"a": "\\"}{\\\\"} {"b": 2}', ['{"a": "\\"}{\\\\"}', '{"b": 2}']),
        ('It\'s 5" long: {"a": 1}', ['{"a": 1}']),
        ("use {braces}, then {}", ["{braces}", "{}"]),
        ('<think>maybe {"a": 0}?</think>\n{"a": 1}', ['{"a": 1}']),
        ('} {"a": 1}', ['{"a": 1}']),
        ('{"a": "{\\"b\\": 1}', []),
        ('{"facts": [ {"content": "x"}', []),
        ("[1, 2]", []),
        ("", []),
    ],
)
def test_the_outermost_objects_are_found(text: str, expected: list[str]):
    assert find_objects(text) == expected


@pytest.mark.parametrize("part", ["{", '{"', "}", '"', "\\", '{"a":', "{}", "<think>"])
def test_a_long_text_takes_linear_time(part: str):
    assert len(find_objects(part * 300_000)) <= 300_000


@settings(deadline=None)
@given(st.text(st.sampled_from('{}"\\ab:, '), max_size=60))
def test_everything_found_is_a_part_of_the_text_between_braces(text: str):
    place = 0
    for passage in find_objects(text):
        place = text.index(passage, place) + len(passage)
        assert passage.startswith("{")
        assert passage.endswith("}")
