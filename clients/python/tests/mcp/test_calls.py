"""What the five tools send to the server, and what they return to the model."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from clients.python.tests.mcp.conftest import MEMORIES, ONE
from clients.python.tests.mcp.support import MEMORY, McpProcess, MemoryServer

ID = MEMORY["id"]


def test_store_sends_what_was_given_and_tells_the_id(mcp: McpProcess, server: MemoryServer) -> None:
    answer = mcp.call("memory_store", content="The mast is oak.", tags=["boat"], pinned=True, source=None)

    assert answer == (
        {
            "ok": True,
            "data": {
                "id": ID,
                "outcome": "created",
                "version": 1,
                "tags": ["boat"],
                "created_at": "2026-11-22",
            },
        },
        False,
    )
    _, headers, body = server.requests[0]
    assert body == {"content": "The mast is oak.", "tags": ["boat"], "memory_type": "pinned"}
    assert headers["X-API-Key"] == "k"
    assert headers["Idempotency-Key"]


def test_search_tells_what_matters_of_each_memory(mcp: McpProcess, server: MemoryServer) -> None:
    answer, is_error = mcp.call(
        "memory_search", q="mast & oak", tags="a, b", limit=5, memory_type="pinned,insight"
    )

    assert not is_error
    assert answer == {
        "ok": True,
        "memories": [
            {
                "id": ID,
                "content": "The mast is oak.",
                "confidence": 61,
                "relative_age": "1 day ago",
                "tags": ["boat"],
                "agent_id": "tester",
                "created_at": "2026-11-22",
            }
        ],
        "total": 1,
        "limit": 10,
        "offset": 0,
    }
    query = parse_qs(urlsplit(server.requests[0][0].split()[1]).query)
    assert query == {
        "q": ["mast & oak"],
        "tags": ["a,b"],
        "limit": ["5"],
        "memory_type": ["pinned,insight"],
        "min_confidence": ["0"],
    }


def test_store_names_what_it_takes_the_place_of(mcp: McpProcess, server: MemoryServer) -> None:
    status, stored = server.answers[f"POST {MEMORIES}"]
    memory = {**stored["memory"], "subject": "boat/mast"}
    server.answers[f"POST {MEMORIES}"] = status, {**stored, "memory": memory, "superseded": ["0" * 13]}

    answer, _ = mcp.call("memory_store", content="Pine.", subject="boat/mast", replaces="0" * 13)

    assert server.requests[0][2] == {"content": "Pine.", "subject": "boat/mast", "replaces": "0" * 13}
    assert (answer["data"]["subject"], answer["data"]["superseded"]) == ("boat/mast", ["0" * 13])


def test_search_looks_into_the_past_and_says_what_holds_no_more(
    mcp: McpProcess, server: MemoryServer
) -> None:
    status, page = server.answers[f"GET {MEMORIES}"]
    gone = {"superseded_by": "1" * 13, "superseded_at": "2026-11-23T08:00:00Z"}
    server.answers[f"GET {MEMORIES}"] = status, {**page, "memories": [{**MEMORY, **gone}]}

    answer, _ = mcp.call("memory_search", q="mast", as_of="2026-11-22")

    query = parse_qs(urlsplit(server.requests[0][0].split()[1]).query)
    assert query == {"q": ["mast"], "as_of": ["2026-11-22T00:00:00Z"], "min_confidence": ["0"]}
    (hit,) = answer["memories"]
    assert (hit["superseded_by"], hit["superseded_at"]) == ("1" * 13, "2026-11-23")


def test_get_with_history_tells_of_each_change_what_was_there_before(mcp: McpProcess) -> None:
    answer, _ = mcp.call("memory_get", id=ID, history=True)

    assert (answer["data"]["id"], answer["data"]["content"]) == (ID, "The mast is pine.")
    assert answer["data"]["history"] == [
        {
            "action": "repeated",
            "version": 2,
            "at": "2026-11-23T09:00:00+00:00",
            "agent_id": "other",
            "detail": {"content": "The mast is pine!"},
        },
        {
            "action": "updated",
            "version": 2,
            "at": "2026-11-23T08:00:00+00:00",
            "before": {"content": "The mast is oak."},
        },
        {"action": "created", "version": 1, "at": "2026-11-22T08:00:00+00:00", "agent_id": "tester"},
    ]


def test_get_tells_everything_of_use(mcp: McpProcess) -> None:
    answer, _ = mcp.call("memory_get", id=ID)

    assert answer["data"] == {
        "id": ID,
        "content": "The mast is oak.",
        "tags": ["boat"],
        "agent_id": "tester",
        "metadata": {"from": "log"},
        "version": 1,
        "created_at": "2026-11-22",
    }


def test_update_sends_only_what_changes(mcp: McpProcess, server: MemoryServer) -> None:
    answer, _ = mcp.call("memory_update", id=ID, tags=[], expected_version=1, content=None)

    assert server.requests[0][2] == {"tags": [], "expected_version": 1}
    assert (answer["data"]["version"], answer["data"]["updated_at"]) == (2, "2026-11-23")


def test_delete_says_how_to_undo_it(mcp: McpProcess) -> None:
    answer, is_error = mcp.call("memory_delete", id=ID)

    assert (answer["ok"], answer["id"], is_error) == (True, ID, False)
    assert f"mnemos restore {ID}" in answer["undo"]


def test_not_found_is_told_in_these_words(mcp: McpProcess, server: MemoryServer) -> None:
    server.answers[f"GET {ONE}"] = (404, {"error": "memory not found", "code": "memory_not_found"})

    assert mcp.call("memory_get", id=ID) == (
        {"ok": False, "error": "memory not found", "code": "memory_not_found"},
        True,
    )


def test_a_version_conflict_brings_the_current_memory(mcp: McpProcess, server: MemoryServer) -> None:
    fields = {
        "current_version": 4,
        "expected_version": 1,
        "current": {**MEMORY, "version": 4, "content": "Pine."},
    }
    body = {"error": "the memory is at version 4, not 1", "code": "version_conflict", "fields": fields}
    server.answers[f"PUT {ONE}"] = (412, body)

    answer, is_error = mcp.call("memory_update", id=ID, content="Ash.", expected_version=1)

    assert is_error
    assert (answer["code"], answer["error"]) == ("version_conflict", "the memory is at version 4, not 1")
    assert (answer["current"]["content"], answer["current"]["version"]) == ("Pine.", 4)


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("memory_get", {}, ["id: required"]),
        (
            "memory_get",
            {"id": ID, "color": 1},
            ["unknown parameter 'color'", "memory_get accepts id, history"],
        ),
        ("memory_search", {"as_of": "yesterday"}, ["as_of"]),
        ("memory_store", {"content": "x", "subject": "s" * 201}, ["subject", "200"]),
        ("memory_search", {"limit": 500}, ["limit", "less than or equal to 200", "500"]),
        ("memory_search", {"limit": "many"}, ["limit", "integer", "many"]),
        ("memory_search", {"offset": -1, "limit": 0}, ["limit", "offset"]),
        ("memory_search", {"tags": ["a"]}, ["tags", "string"]),
        ("memory_store", {"content": ""}, ["content"]),
        ("memory_store", {"content": "   "}, ["content"]),
        ("memory_store", {"content": "é" * 30_000}, ["content", "50000"]),
        ("memory_store", {"content": "x" * 50_001}, ["content", "50000", "50001 characters"]),
        ("memory_store", {"content": "x", "tags": [str(n) for n in range(21)]}, ["tags", "20"]),
        ("memory_store", {"content": "x", "tags": "boat"}, ["tags", "list"]),
        ("memory_store", {"content": "\ud800"}, ["content"]),
        ("memory_update", {"id": ID, "expected_version": 0}, ["expected_version"]),
    ],
)
def test_a_wrong_argument_is_told_by_its_name(
    mcp: McpProcess, server: MemoryServer, name, arguments, told
) -> None:
    answer, is_error = mcp.call(name, **arguments)

    assert is_error
    assert answer["code"] == "invalid_request"
    assert all(part in answer["error"] for part in told), answer["error"]
    assert len(answer["error"]) < 500
    assert server.requests == []


def test_a_server_that_is_gone_is_told_without_the_key() -> None:
    process = McpProcess("http://127.0.0.1:9", MEM9_API_KEY="s3cret")
    answer, is_error = process.call("memory_search", q="mast")
    process.close()

    assert is_error
    assert answer["code"] == "server_unreachable"
    assert "s3cret" not in answer["error"]


def test_an_address_that_is_none_is_told() -> None:
    process = McpProcess("nonsense")
    answer, is_error = process.call("memory_search", q="mast")
    process.close()

    assert (is_error, answer["code"]) == (True, "bad_address")


def test_what_the_server_refuses_is_told(mcp: McpProcess, server: MemoryServer) -> None:
    server.answers[f"GET {MEMORIES}"] = (400, {"error": "invalid API key", "code": "invalid_api_key"})

    answer, is_error = mcp.call("memory_search", q="mast")

    assert (answer, is_error) == ({"ok": False, "error": "invalid API key", "code": "invalid_api_key"}, True)


@pytest.mark.parametrize(("given", "agent"), [({}, "some-host"), ({"MNEMOS_AGENT_ID": "ada"}, "ada")])
def test_the_agent_is_the_host_unless_the_environment_says_otherwise(
    server: MemoryServer, given, agent
) -> None:
    process = McpProcess(server.url, **given)
    process.ask("initialize", {"protocolVersion": "2025-11-25", "clientInfo": {"name": "some-host"}})
    process.call("memory_get", id=ID)
    process.close()

    assert server.requests[0][1]["X-Mnemo-Agent-Id"] == agent
