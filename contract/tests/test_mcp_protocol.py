"""JSON-RPC as MCP uses it, and the answers that need no memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mnemos_contract.mcp import protocol
from mnemos_contract.mcp.protocol import (
    INSTRUCTIONS,
    PROTOCOL_VERSIONS,
    Request,
    RpcError,
    format_error,
    format_result,
    handle_request,
    name_client,
    parse_message,
    read_tool_call,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
)
MEMBERS = st.dictionaries(st.sampled_from(["id", "method", "params", "result", "error"]), JSON)


@given(st.binary() | (JSON | MEMBERS).map(lambda value: json.dumps(value).encode()))
def test_whatever_comes_is_a_request_or_nothing_or_an_error_that_can_be_answered(text):
    try:
        outcome = parse_message(text)
    except RpcError as error:
        outcome = json.loads(format_error(error))["error"]["code"]
    assert outcome is None or isinstance(outcome, (Request, int))


@given(MEMBERS)
def test_a_client_is_named_by_a_text_or_not_at_all(params):
    for given_as in ({"clientInfo": params}, {"_meta": params}, params):
        assert isinstance(name_client(given_as), str)


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"clientInfo": {"name": " codex "}}, "codex"),
        ({"_meta": {"io.modelcontextprotocol/clientInfo": {"name": "cursor"}}}, "cursor"),
        ({"clientInfo": {"name": 7}}, ""),
        ({"clientInfo": "codex", "_meta": 7}, ""),
        ({}, ""),
    ],
)
def test_a_client_says_its_name_at_the_start_or_in_every_request(params, name):
    assert name_client(params) == name


@pytest.mark.parametrize("version", PROTOCOL_VERSIONS)
def test_a_version_that_is_spoken_here_is_agreed_to(version):
    request = Request("initialize", {"protocolVersion": version}, 1)
    assert handle_request(request, (), "1.0")["protocolVersion"] == version


def test_methods_that_are_not_there_are_told():
    with pytest.raises(RpcError, match="server/discover") as caught:
        handle_request(Request("server/discover", {}, 7), (), "1.0")
    assert (caught.value.code, caught.value.request_id) == (-32601, 7)


def test_a_call_names_a_tool_and_gives_an_object():
    call = Request("tools/call", {"name": "a"}, 1)
    assert read_tool_call(call, ("a", "b")) == ("a", {})
    for params, told in (({"name": "c"}, "the tools are a, b"), ({"name": "a", "arguments": 7}, "object")):
        with pytest.raises(RpcError, match=told):
            read_tool_call(Request("tools/call", params, 1), ("a", "b"))


def test_the_instructions_stay_short():
    assert len(INSTRUCTIONS) < 600


def test_the_module_needs_the_standard_library_alone():
    """The client has a copy that a host waits for."""
    code = f"import runpy, sys; runpy.run_path({protocol.__file__!r}); print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True, cwd=Path("/")
    ).stdout.split()
    assert {"pydantic", "mnemos_contract", "asyncio"}.isdisjoint(loaded)


@pytest.mark.parametrize("method", ["ping", "tools/list"])
def test_a_method_without_parameters_has_an_answer(method):
    answer = handle_request(
        Request(method, {}, 1), ({"name": "a", "description": "b", "input_schema": {}},), "1"
    )
    assert answer == {} or [tool["name"] for tool in answer["tools"]] == ["a"]


def test_an_error_may_have_data_and_a_result_is_one_line():
    error = RpcError(-32000, "no", 7)
    error.data = {"a": 1}
    assert json.loads(format_error(error))["error"]["data"] == {"a": 1}
    assert json.loads(format_result(7, {"a": "é"})) == {"jsonrpc": "2.0", "id": 7, "result": {"a": "é"}}


@pytest.mark.parametrize("text", [b" ", b'{"id":1,"result":{}}'])
def test_what_needs_no_answer_is_no_request(text):
    assert parse_message(text) is None


@pytest.mark.parametrize(
    ("text", "code", "request_id"),
    [
        (b"{", -32700, None),
        (b"[" * 100_000, -32700, None),
        (b"[]", -32600, None),
        (b'{"id":1.5,"method":"ping"}', -32600, None),
        (b'{"id":true,"method":"ping"}', -32600, None),
        (b'{"id":7}', -32600, 7),
        (b'{"id":7,"method":1}', -32600, 7),
        (b'{"id":7,"method":"ping","params":[]}', -32602, 7),
    ],
)
def test_what_is_no_request_has_a_code_and_the_id_if_there_is_one(text, code, request_id):
    with pytest.raises(RpcError) as caught:
        parse_message(text)
    assert (caught.value.code, caught.value.request_id) == (code, request_id)


def test_a_request_is_read_with_its_parameters_and_a_notification_has_no_id():
    assert parse_message(b'{"id":"a","method":"ping","params":{"b":1}}') == Request("ping", {"b": 1}, "a")
    assert parse_message(b'{"method":"notifications/initialized"}') == Request(
        "notifications/initialized", {}, None
    )


def test_an_error_without_data_has_no_member_for_it():
    assert json.loads(format_error(RpcError(-32600, "no", 7)))["error"] == {"code": -32600, "message": "no"}
