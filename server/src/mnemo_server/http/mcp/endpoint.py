"""MCP over streamable HTTP: one JSON-RPC message in, one JSON answer out, and nothing kept in between.

There are no sessions and no streams, so any server of a database can answer any request.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from aiohttp import web
from mnemos_contract.errors import AccessDenied
from mnemos_contract.limits import MAX_NAME_CHARACTERS
from mnemos_contract.mcp.calls import read_call, show_error, to_result
from mnemos_contract.mcp.protocol import (
    INVALID_REQUEST,
    PARSE_ERROR,
    PROTOCOL_VERSIONS,
    UNSUPPORTED_VERSION,
    Request,
    RpcError,
    answer_request,
    format_error,
    format_result,
    name_client,
    parse_message,
    read_tool_call,
)
from mnemos_contract.tools import TOOLS

from mnemo_server.http.context import Admission
from mnemo_server.http.handlers.service import VERSION
from mnemo_server.http.mcp.responses import MCP_PATHS, rpc_answer
from mnemo_server.http.mcp.tools import McpTools
from mnemo_server.http.middleware import to_api_error
from mnemo_server.http.requests.idempotency import read_key
from mnemo_server.http.requests.origins import check_origin
from mnemo_server.http.requests.reading import read_bytes
from mnemo_server.services.caller import Caller

#: Who writes when the client doesn't say what it is called.
DEFAULT_AGENT: Final = "mcp"
VERSION_HEADER: Final = "MCP-Protocol-Version"

_JSON: Final = "application/json"
#: Where clients register for OAuth with a server that describes none.
_REGISTER: Final = "/register"
#: What a client must accept of these to get an answer.
_ACCEPTABLE: Final = frozenset({_JSON, "application/*", "*/*"})
#: Come before a version is agreed on; the second from clients of MCP that is newer than ours.
_BEFORE_AGREEMENT: Final = ("initialize", "server/discover")
#: What User-Agent begins with, up to a hyphen, where it names a library or a browser and not who uses it.
_LIBRARIES: Final = frozenset({
    "apache", "axios", "bun", "curl", "deno", "go", "java", "mozilla", "node", "okhttp", "python", "reqwest",
    "undici",
})  # fmt: skip

_TOOLS: Final[tuple[dict[str, Any], ...]] = tuple(
    {"name": tool.name, "description": tool.description, "input_schema": tool.input_schema} for tool in TOOLS
)


class Refusal(RpcError):
    """A message that isn't taken at all, with the HTTP status that says so."""

    def __init__(self, status: int, code: int, message: str, data: dict[str, object] | None = None) -> None:
        super().__init__(code, message, data=data)
        self.status = status


class McpHandlers:
    """The paths of MCP."""

    def __init__(self, tools: McpTools, admission: Admission) -> None:
        self._tools = tools
        self._admission = admission

    def bind(self, app: web.Application) -> None:
        """Add the paths. They take POST alone: GET would open a stream and DELETE end a session."""
        for path in MCP_PATHS:
            app.router.add_post(path, self._answer)
        app.router.add_post(_REGISTER, _refuse_login)

    async def _answer(self, request: web.Request) -> web.Response:
        check_origin(request)
        caller = await self._admission.admit(request, takes_bearer=True)
        try:
            check_form(request)
            message = _parse(await read_bytes(request))
            check_version(request, message)
            if message is None or message.request_id is None:
                return web.Response(status=202)
            if message.method != "tools/call":
                result = answer_request(message, _TOOLS, VERSION)
            else:
                result = await self._call(request, message, caller)
            return rpc_answer(format_result(message.request_id, result))
        except RpcError as error:
            return rpc_answer(format_error(error), error.status if isinstance(error, Refusal) else 200)

    async def _call(self, request: web.Request, message: Request, caller: Caller) -> dict[str, object]:
        """Run a tool; what goes wrong in it is a result for the model."""
        name, arguments = read_tool_call(message, (tool.name for tool in TOOLS))
        caller = replace(caller, agent_id=caller.agent_id or name_agent(request, message))
        try:
            call = read_call(name, arguments)
            once = await read_key(request, caller, call.route.name)
            return to_result(call.show(await self._tools.run(caller, call, once)))
        except Exception as error:  # noqa: BLE001 - the border: whatever it is, the model gets a sentence
            return to_result(show_error(await to_api_error(error, request)))


async def _refuse_login(_request: web.Request) -> web.Response:
    """Say to clients what they show when a 401 made them try OAuth: what would have been right.

    Raises:
        AccessDenied: always.
    """
    raise AccessDenied(reason="there is no login; send the API key as Authorization: Bearer")


def check_form(request: web.Request) -> None:
    """Refuse what isn't sent as JSON, and who wouldn't take JSON for an answer.

    Raises:
        Refusal: 415 or 406.
    """
    if request.content_type != _JSON:
        raise Refusal(415, INVALID_REQUEST, f"the message must come as Content-Type: {_JSON}")
    accepted = ",".join(request.headers.getall("Accept", ())).lower()
    kinds = {part.partition(";")[0].strip() for part in accepted.split(",")}
    if accepted and not kinds & _ACCEPTABLE:
        raise Refusal(406, INVALID_REQUEST, f"the response is {_JSON}, so Accept must include it")


def check_version(request: web.Request, message: Request | None) -> None:
    """Refuse a version of MCP that isn't spoken here; without the header it is an old one that is.

    Raises:
        Refusal: 400, with the versions that are.
    """
    version = request.headers.get(VERSION_HEADER)
    if version in (None, *PROTOCOL_VERSIONS) or (message and message.method in _BEFORE_AGREEMENT):
        return
    sentence = f"{VERSION_HEADER} must be one of {', '.join(PROTOCOL_VERSIONS)}"
    refusal = Refusal(
        400, UNSUPPORTED_VERSION, sentence, {"supported": PROTOCOL_VERSIONS, "requested": version}
    )
    refusal.request_id = message.request_id if message else None
    raise refusal


def name_agent(request: web.Request, message: Request) -> str:
    """Return what the client calls itself: in the message, or as the first word of User-Agent."""
    product = request.headers.get("User-Agent", "").strip().partition(" ")[0].partition("/")[0]
    if product.lower().partition("-")[0] in _LIBRARIES:
        product = ""
    return (name_client(message.params) or product or DEFAULT_AGENT)[:MAX_NAME_CHARACTERS]


def _parse(body: bytes) -> Request | None:
    if not body.strip():
        raise Refusal(400, PARSE_ERROR, "the body is empty; a message is a JSON object")
    try:
        return parse_message(body)
    except RpcError as error:
        refusal = Refusal(400, error.code, str(error))
        refusal.request_id = error.request_id
        raise refusal from None
