"""Entries of lists in JSON with comments: ours are added, and everything else stays as it was."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mnemos.machine.jsonc import NotJson, add_entry, parse, remove_entries

TEXTS = [
    "{}",
    "{ }\n",
    "{\n}\n",
    '{"a": 1}',
    '{\n  "a": 1\n}\n',
    '{\n  // mine\n  "a": 1, // one\n  "b": {"plugin": ["no"]} /* last */\n}\n',
    '{\n\t"a": 1,\n\t"b": [1,\n\t\t2],\n}\n',
    '{"plugin": []}',
    '{"plugin": ["x"]}',
    '{"plugin": ["x",], "z": null}',
    '{\n  "plugin": [\n    "x", // why\n    ["y", {"o": [1, 2]}]\n  ],\n  "z": "//not a comment, no"\n}\n',
    '{\r\n  "plugin": [\r\n    "x",\r\n    "y",\r\n  ]\r\n}\r\n',
    '/* head */ {"plugin": [\n// nothing yet\n]}',
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("entry", ["/a/b", ["/a", {"command": "/m"}]])
def test_an_entry_is_added_to_what_is_there(text, entry):
    before = parse(text)
    after = parse(add_entry(text, "plugin", entry))
    assert after.pop("plugin") == [*before.pop("plugin", []), entry]
    assert after == before


@pytest.mark.parametrize("text", TEXTS)
def test_no_comment_is_lost(text):
    added = add_entry(text, "plugin", "e")
    removed = remove_entries(added, "plugin", ["e"])
    for comment in ("// mine", "// one", "/* last */", "// why", "/* head */", "// nothing yet"):
        assert (comment in text) == (comment in added) == (comment in removed)


@pytest.mark.parametrize("text", TEXTS)
def test_taking_it_out_leaves_what_was_there(text):
    had_key = "plugin" in parse(text)
    removed = remove_entries(add_entry(text, "plugin", "e"), "plugin", ["e"], with_key=not had_key)
    assert parse(removed) == parse(text)


@pytest.mark.parametrize("text", [text for text in TEXTS if parse(text).get("plugin")])
def test_taking_it_out_of_a_list_leaves_every_byte(text):
    assert remove_entries(add_entry(text, "plugin", "e"), "plugin", ["e"]) == text


def test_strict_json_stays_strict():
    text = json.dumps({"a": 1, "plugin": ["x"]}, indent=2)
    added = add_entry(text, "plugin", "e")
    assert json.loads(added)["plugin"] == ["x", "e"]
    assert json.loads(remove_entries(added, "plugin", ["x"]))["plugin"] == ["e"]


def test_a_line_looks_as_its_neighbours_do():
    text = '{\n  "plugin": [\n    "x"\n  ]\n}\n'
    assert add_entry(text, "plugin", "e") == '{\n  "plugin": [\n    "x",\n    "e"\n  ]\n}\n'
    assert add_entry('{\n  "a": 1 // one\n}\n', "plugin", "e") == (
        '{\n  "a": 1, // one\n  "plugin": ["e"]\n}\n'
    )


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a" 1}', '{"plugin": "x"}', "{'a': 1}", "5", "{,}"])
def test_a_text_that_is_no_jsonc_is_refused(text):
    with pytest.raises(NotJson):
        add_entry(text, "plugin", "e")


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(st.text(max_size=6), values, max_size=4),
    st.none() | st.lists(values, max_size=4),
    st.sampled_from([None, 2]),
)
def test_any_json_keeps_its_values(data, entries, indent):
    given_values = data if entries is None else {**data, "plugin": entries}
    if entries is None:
        given_values = {key: value for key, value in data.items() if key != "plugin"}
    text = json.dumps(given_values, indent=indent)
    added = add_entry(text, "plugin", "\0ours")
    assert json.loads(added) == {**given_values, "plugin": [*given_values.get("plugin", []), "\0ours"]}
    removed = remove_entries(added, "plugin", ["\0ours"], with_key="plugin" not in given_values)
    assert json.loads(removed) == given_values
