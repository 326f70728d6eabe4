"""MCP over HTTP: who has access, what is accepted, and the form of every response."""

from __future__ import annotations

import io
import json
import sqlite3

import pytest
from mnemo_server.db.errors import DatabaseUnavailable
from mnemos_contract import TOOLS

ACCEPT = {"Accept": "application/json, text/event-stream"}
VERSION = "MCP-Protocol-Version"
#: An id that doesn't exist.
UNKNOWN = "0" * 13


async def post(app, message, path: str = "/mcp", **headers: str):
    """Post a message with the key; return (status, JSON or None, headers)."""
    data = message if isinstance(message, (bytes, io.BytesIO)) else json.dumps(message).encode()
    sent = {"Content-Type": "application/json", **ACCEPT, **headers}
    return await app.call("POST", path, data=data, headers=sent)


async def send(app, method: str, params: dict | None = None, **headers: str):
    return await post(app, {"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}, **headers)


async def call(app, tool: str, arguments: dict | None = None, meta: dict | None = None, **headers: str):
    """Call a tool; return what the model reads."""
    params = {"name": tool, "arguments": arguments or {}, "_meta": meta or {}}
    status, response, _ = await send(app, "tools/call", params, **headers)
    assert status == 200, response
    (content,) = response["result"]["content"]
    result = json.loads(content["text"])
    assert response["result"]["isError"] is not result["ok"]
    return result


async def test_initialize_lists_tools_and_creates_no_session(app):
    status, response, headers = await send(app, "initialize", {"protocolVersion": "2025-06-18"})
    assert (status, response["id"], response["result"]["protocolVersion"]) == (200, 1, "2025-06-18")
    assert response["result"]["serverInfo"]["name"] == "mnemos"
    assert len(response["result"]["instructions"]) < 600
    assert headers["Content-Type"].startswith("application/json")
    assert "Mcp-Session-Id" not in headers

    _, response, _ = await send(app, "tools/list", **{VERSION: "2025-06-18", "Mcp-Session-Id": "whatever"})
    assert [tool["name"] for tool in response["result"]["tools"]] == [tool.name for tool in TOOLS]


@pytest.mark.parametrize("requested_version", ["1999-01-01", 7, None])
async def test_initialize_offers_the_newest_version_to_a_client_with_an_unknown_one(app, requested_version):
    _, response, _ = await send(
        app, "initialize", {"protocolVersion": requested_version}, **{VERSION: "1999-01-01"}
    )
    assert response["result"]["protocolVersion"] == "2025-11-25"


async def test_a_tool_call_is_one_request_of_the_api(app):
    stored = await call(app, "memory_store", {"content": "The mast is oak.", "tags": ["boat"]})
    assert stored["data"]["outcome"] == "created"
    memory_id = stored["data"]["id"]
    assert (await call(app, "memory_search", {"q": "mast"}))["memories"][0]["id"] == memory_id
    changed = await call(app, "memory_update", {"id": memory_id, "content": "The mast is ash."})
    assert changed["data"]["version"] == 2
    history = await call(app, "memory_get", {"id": memory_id, "history": True})
    assert [change["action"] for change in history["data"]["history"]] == ["updated", "created"]
    assert "restore" in (await call(app, "memory_delete", {"id": memory_id}))["undo"]
    assert (await call(app, "memory_get", {"id": memory_id}))["code"] == "memory_not_found"


async def test_a_pinned_memory_is_stored_as_pinned(app):
    stored = await call(app, "memory_store", {"content": "Never deploy on Fridays.", "pinned": True})
    assert stored["data"]["memory_type"] == "pinned"


async def test_secrets_are_removed_as_in_every_interface(app):
    token = "ghp_" + "a1B2" * 9
    stored = await call(app, "memory_store", {"content": f"the token is {token}"})
    kept = await call(app, "memory_get", {"id": stored["data"]["id"]})
    assert stored["data"]["outcome"] == "redacted"
    assert token not in kept["data"]["content"]


@pytest.mark.parametrize(
    ("tool", "arguments", "code", "message"),
    [
        ("memory_get", {"id": UNKNOWN}, "memory_not_found", "memory not found"),
        ("memory_get", {"name": "x"}, "invalid_request", "unknown parameter 'name'"),
        ("memory_store", {"content": "x" * 50_001}, "invalid_request", "content"),
        ("memory_store", {"content": "é" * 30_000}, "invalid_request", "50000"),
        ("memory_store", {"content": "x", "metadata": {"half": "\ud800"}}, "invalid_request", "metadata"),
        ("memory_store", {"content": "x", "metadata": {"n": float("nan")}}, "invalid_request", "metadata"),
        ("memory_store", {"content": "x", "replaces": UNKNOWN}, "memory_not_found", "memory not found"),
        ("memory_search", {"q": "x", "limit": 201}, "invalid_request", "limit"),
        ("memory_search", {"as_of": "yesterday"}, "invalid_request", "as_of"),
    ],
)
async def test_errors_of_tools_are_results_for_the_model(app, tool, arguments, code, message):
    response = await call(app, tool, arguments)
    assert (response["ok"], response["code"]) == (False, code)
    assert message in response["error"]


async def test_a_version_conflict_shows_the_current_memory(app):
    memory_id = (await call(app, "memory_store", {"content": "x"}))["data"]["id"]
    response = await call(app, "memory_update", {"id": memory_id, "content": "y", "expected_version": 5})
    assert (response["code"], response["current"]["version"]) == ("version_conflict", 1)


async def test_database_and_internal_errors_are_results_too(app, monkeypatch):
    for error, code in (
        (DatabaseUnavailable("gone"), "database_unavailable"),
        (OSError("x"), "internal_error"),
    ):

        async def fail(*_args: object, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr(type(app.services.memories), "get", fail)
        assert (await call(app, "memory_get", {"id": UNKNOWN}))["code"] == code


@pytest.mark.parametrize(
    ("headers", "code", "challenge"),
    [
        ({"X-API-Key": ""}, "missing_api_key", 'Bearer realm="mnemos"'),
        ({"X-API-Key": "wrong"}, "invalid_api_key", 'Bearer realm="mnemos", error="invalid_token"'),
        (
            {"X-API-Key": "", "Authorization": "Bearer wrong"},
            "invalid_api_key",
            'Bearer realm="mnemos", error="invalid_token"',
        ),
        ({"X-API-Key": "", "Authorization": "Basic d3Jvbmc="}, "missing_api_key", 'Bearer realm="mnemos"'),
    ],
)
async def test_without_a_valid_key_initialize_is_401_with_instructions(app, headers, code, challenge):
    status, response, sent = await send(app, "initialize", **headers)
    assert (status, sent["WWW-Authenticate"]) == (401, challenge)
    assert (response["jsonrpc"], response["id"], response["error"]["data"]["code"]) == ("2.0", None, code)
    assert "Authorization: Bearer" in response["error"]["message"]
    assert response["error"]["data"]["request_id"] == sent["X-Request-Id"]


async def test_a_client_that_tries_to_log_in_is_told_to_send_the_key(app):
    for page in ("oauth-protected-resource/mcp", "oauth-authorization-server", "openid-configuration"):
        assert (await app.call("GET", f"/.well-known/{page}"))[0] == 404
    status, response, _ = await app.call("POST", "/register", json={"client_name": "x"})
    assert (status, response["code"]) == (403, "access_denied")
    assert "Authorization: Bearer" in response["error"]


async def test_the_key_can_be_a_bearer_token_or_in_the_path(app):
    for scheme in ("Bearer", "bearer"):
        headers = {"X-API-Key": "", "Authorization": f"{scheme} {app.api_key}"}
        assert (await send(app, "ping", **headers))[:2] == (200, {"jsonrpc": "2.0", "id": 1, "result": {}})
    for path in ("/v1alpha2/mem9s/mcp", f"/v1alpha1/mem9s/{app.api_key}/mcp"):
        headers = {"X-API-Key": ""} if "v1alpha1" in path else {}
        message = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        assert (await post(app, message, path, **headers))[0] == 200
    status, response, _ = await post(app, {}, "/v1alpha1/mem9s/wrong/mcp")
    assert (status, response["error"]["data"]["code"]) == (404, "tenant_not_found")


async def test_a_bearer_token_is_accepted_only_for_mcp(app):
    headers = {"X-API-Key": "", "Authorization": f"Bearer {app.api_key}"}
    status, response, _ = await app.call("GET", "/v1alpha2/mem9s/memories", headers=headers)
    assert (status, response["code"]) == (400, "missing_api_key")


async def test_log_lines_contain_no_key_of_an_mcp_path(app, capsys):
    await post(app, {}, f"/v1alpha1/mem9s/{app.api_key}/mcp")
    logged = "".join(capsys.readouterr())
    assert "/v1alpha1/mem9s/{api_key}/mcp" in logged
    assert app.api_key not in logged


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "OPTIONS"])
async def test_methods_other_than_post_are_not_allowed(app, method):
    status, response, headers = await app.call(method, "/mcp", headers=ACCEPT)
    assert (status, headers["Allow"]) == (405, "POST")
    assert response["error"]["data"]["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    "message",
    [
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}},
        {"jsonrpc": "2.0", "id": 5, "result": {}},
        {"jsonrpc": "2.0", "id": 5, "error": {"code": -1, "message": "no"}},
    ],
)
async def test_notifications_and_responses_are_accepted_without_a_body(app, message):
    assert (await post(app, message))[:2] == (202, None)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", -32700),
        (b" \n", -32700),
        (b"{", -32700),
        (b"\xff\xfe", -32700),
        (b"[" * 100_000, -32700),
        (b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]', -32600),
        (b"7", -32600),
        (b'{"id":1}', -32600),
        (b'{"id":{},"method":"ping"}', -32600),
        (b'{"id":1,"method":"ping","params":[]}', -32602),
    ],
)
async def test_an_invalid_message_is_a_bad_request(app, body, code):
    status, response, _ = await post(app, body)
    assert (status, response["error"]["code"]) == (400, code)


@pytest.mark.parametrize(
    "params", [{"name": "memory_eat"}, {"name": ["memory_get"]}, {"name": "memory_get", "arguments": []}, {}]
)
async def test_a_call_of_an_unknown_tool_is_an_error(app, params):
    status, response, _ = await send(app, "tools/call", params)
    assert (status, response["id"], response["error"]["code"]) == (200, 1, -32602)


async def test_metadata_can_be_nested_as_deeply_as_over_the_api(app):
    for depth in (*range(190, 210), 250, 900):
        fields = f'{{"content":"deep","metadata":{{"a":{"[" * depth + "]" * depth}}}}}'
        stored, _, _ = await app.call("POST", "/v1alpha2/mem9s/memories", data=fields)
        params = f'{{"name":"memory_store","arguments":{fields}}}'
        message = f'{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}'
        _, response, _ = await post(app, message.encode())
        result = json.loads(response["result"]["content"][0]["text"])
        assert (result["ok"], result.get("code")) in ((True, None), (False, "invalid_json")), (
            depth,
            result,
        )
        assert result["ok"] is (stored == 202), depth


async def test_unknown_methods_of_newer_clients_are_not_found(app):
    for method in ("server/discover", "resources/list"):
        versions = {VERSION: "2026-07-28"} if method == "server/discover" else {}
        status, response, _ = await send(app, method, **versions)
        assert (status, response["error"]["code"]) == (200, -32601)


async def test_an_unsupported_version_is_rejected_with_the_supported_ones(app):
    for method in ("tools/list", "tools/call", "notifications/initialized"):
        status, response, _ = await send(app, method, **{VERSION: "2026-07-28"})
        assert (status, response["error"]["code"], response["id"]) == (400, -32022, 1)
        assert "2025-11-25" in response["error"]["data"]["supported"]


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/json, text/event-stream", 200),
        ("text/event-stream;q=0.9, application/json;q=0.1", 200),
        ("Application/JSON", 200),
        ("application/*", 200),
        ("*/*", 200),
        ("", 200),
        ("text/event-stream", 406),
        ("text/html", 406),
    ],
)
async def test_a_client_must_accept_json(app, accept, status):
    assert (await send(app, "ping", Accept=accept))[0] == status


@pytest.mark.parametrize(
    ("kind", "status"), [("application/json; charset=utf-8", 200), ("text/plain", 415), ("x", 415)]
)
async def test_the_content_type_must_be_json(app, kind, status):
    message = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    assert (await post(app, message, **{"Content-Type": kind}))[0] == status


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost", 200),
        ("http://localhost:6274", 200),
        ("https://app.localhost", 200),
        ("http://127.0.0.1:3000", 200),
        ("http://[::1]:3000", 200),
        ("vscode-file://vscode-app", 200),
        ("http://evil.example", 403),
        ("https://evil.example:8080", 403),
        ("http://localhost.evil.example", 403),
        ("http://127.0.0.1.evil.example", 403),
        ("http://192.168.1.7", 403),
        ("http://[::1", 403),
        ("null", 403),
        ("", 403),
    ],
)
async def test_requests_from_other_origins_are_rejected_even_with_a_key(app, origin, status):
    # With DNS rebinding, the attacker's name is in both headers.
    host = origin.partition("://")[2] or "localhost"
    actual_status, response, _ = await send(app, "ping", Origin=origin, Host=host)
    assert actual_status == status
    if status != 200:
        assert response["error"]["data"]["code"] == "access_denied"


async def test_a_body_larger_than_a_mebibyte_is_rejected(app):
    status, response, _ = await post(app, io.BytesIO(b'{"pad":"' + b"x" * 1_048_576 + b'"}'))
    assert (status, response["error"]["data"]["code"]) == (413, "payload_too_large")


async def test_too_many_requests_are_rejected_with_retry_after(open_app):
    app = await open_app(rate_limit=1, rate_burst=2, trusted_proxies="127.0.0.1")
    responses = [await send(app, "ping", **{"X-Forwarded-For": f"9.9.9.{number}"}) for number in range(3)]
    assert [status for status, _, _ in responses] == [200, 200, 429]
    assert responses[-1][2]["Retry-After"] == "1"
    assert responses[-1][1]["error"]["data"]["code"] == "rate_limited"
    assert "try again in 1 s" in responses[-1][1]["error"]["message"]


@pytest.mark.parametrize(
    ("headers", "meta", "agent"),
    [
        ({"X-Mnemo-Agent-Id": "ada", "User-Agent": "codex/1"}, {}, "ada"),
        ({"User-Agent": "codex/1"}, {"io.modelcontextprotocol/clientInfo": {"name": "cursor"}}, "cursor"),
        ({"User-Agent": "claude-code/2.1 (cli)"}, {}, "claude-code"),
        ({"User-Agent": "bunny/1"}, {}, "bunny"),
        ({"User-Agent": "node"}, {}, "mcp"),
        ({"User-Agent": "Go-http-client/1.1"}, {}, "mcp"),
        ({"User-Agent": "python-httpx2/2.16"}, {"io.modelcontextprotocol/clientInfo": "x"}, "mcp"),
        ({"User-Agent": ""}, {"io.modelcontextprotocol/clientInfo": {"name": " "}}, "mcp"),
        ({"User-Agent": "x" * 500}, {}, "x" * 200),
    ],
)
async def test_the_agent_is_named_by_the_header_or_the_client_or_a_default(app, headers, meta, agent):
    stored = await call(app, "memory_store", {"content": "x"}, meta, **headers)
    assert (await call(app, "memory_get", {"id": stored["data"]["id"]}))["data"]["agent_id"] == agent


async def test_headers_set_project_and_session(app):
    headers = {"X-Mnemo-Project": "atlas", "X-Mnemo-Session-Id": "s1"}
    stored = await call(app, "memory_store", {"content": "x"}, **headers)
    kept = (await call(app, "memory_get", {"id": stored["data"]["id"]}))["data"]
    assert (kept["project"], kept["session_id"]) == ("atlas", "s1")


async def test_every_change_is_logged_with_its_request_id(app, tmp_path):
    await call(app, "memory_store", {"content": "x"}, **{"X-Request-Id": "trace-1"})
    with sqlite3.connect(tmp_path / "memories.db") as database:
        assert database.execute("SELECT request_id FROM events").fetchall() == [("trace-1",)]


async def test_a_message_sent_twice_with_an_idempotency_key_is_processed_once(app):
    key = {"Idempotency-Key": "k"}
    first, second = [await call(app, "memory_store", {"content": "once"}, **key) for _ in range(2)]
    other = await call(app, "memory_store", {"content": "another"}, **key)
    assert first == second
    assert (second["data"]["outcome"], other["code"]) == ("created", "idempotency_mismatch")
