"""What one interface stores, every other one returns: the same memory, by id and by search."""

from __future__ import annotations

import pytest

from tests.support.interfaces.all import INTERFACES, Interfaces
from tests.support.interfaces.rest import make_mark

SHARED = ("id", "content", "tags", "metadata", "source", "project", "agent_id", "version")


@pytest.mark.parametrize("writer", INTERFACES)
def test_what_one_interface_stores_every_interface_finds_and_reads(ways: Interfaces, writer: str):
    mark = make_mark()
    fields = {"tags": ["crossing"], "metadata": {"k": "v"}, "source": "handbook", "project": "atlas"}
    stored = ways[writer].store(f"{writer} remembers {mark}", **fields)
    expected = fields | {
        "id": stored["id"],
        "content": f"{writer} remembers {mark}",
        "agent_id": "contract-suite",
        "version": 1,
    }
    for reader in INTERFACES:
        assert [hit["id"] for hit in ways[reader].search(mark)["memories"]] == [stored["id"]], reader
        memory = ways[reader].get(stored["id"])
        assert {name: memory[name] for name in SHARED} == expected, reader


@pytest.mark.parametrize("writer", INTERFACES)
def test_what_one_interface_changes_and_deletes_is_changed_and_gone_in_every_interface(
    ways: Interfaces, writer: str
):
    before, after = make_mark("before"), make_mark("after")
    stored = ways["rest-v1alpha2"].store(f"Release on {before}")
    ways[writer].update(stored["id"], content=f"Release on {after}")
    for reader in INTERFACES:
        assert ways[reader].search(before)["memories"] == [], reader
        assert [hit["content"] for hit in ways[reader].search(after)["memories"]] == [f"Release on {after}"]
    ways[writer].delete(stored["id"])
    for reader in INTERFACES:
        assert ways[reader].search(after)["memories"] == [], reader
