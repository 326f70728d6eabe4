"""MCP over streamable HTTP: one JSON-RPC message in, one JSON response out, and no state in between.

There are no sessions and no streams, so any server of a database can respond to any request.
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
    format_error,
    format_result,
    handle_request,
    name_client,
    parse_message,
    read_tool_call,
)
from mnemos_contract.tools import TOOLS

from mnemo_server.http.context import Admission
from mnemo_server.http.handlers.service import VERSION
from mnemo_server.http.mcp.responses import MCP_PATHS, rpc_response
from mnemo_server.http.mcp.tools import McpTools
from mnemo_server.http.middleware import to_api_error
from mnemo_server.http.requests.idempotency import read_key
from mnemo_server.http.requests.origins import check_origin
from mnemo_server.http.requests.reading import read_bytes
from mnemo_server.services.caller import Caller

#: The agent id if the client doesn't give its name.
DEFAULT_AGENT: Final = "mcp"
VERSION_HEADER: Final = "MCP-Protocol-Version"

_JSON: Final = "application/json"
#: The path where clients register for OAuth with a server that doesn't describe any.
_REGISTER: Final = "/register"
#: Media types of which a client must accept one to get a response.
_ACCEPTABLE: Final = frozenset({_JSON, "application/*", "*/*"})
#: Methods called before a version is agreed on; the second by clients of a newer MCP than ours.
_BEFORE_AGREEMENT: Final = ("initialize", "server/discover")
#: First words of User-Agent, up to a hyphen, that name a library or a browser and not the agent using it.
_LIBRARIES: Final = frozenset({
    "apache", "axios", "bun", "curl", "deno", "go", "java", "mozilla", "node", "okhttp", "python", "reqwest",
    "undici",
})  # fmt: skip

_TOOLS: Final[tuple[dict[str, Any], ...]] = tuple(
    {"name": tool.name, "description": tool.description, "input_schema": tool.input_schema} for tool in TOOLS
)


class Refusal(RpcError):
    """A rejected message, with its HTTP status."""

    def __init__(self, status: int, code: int, message: str, data: dict[str, object] | None = None) -> None:
        super().__init__(code, message, data=data)
        self.status = status


class McpHandlers:
    """The handlers of the MCP paths."""

    def __init__(self, tools: McpTools, admission: Admission) -> None:
        self._tools = tools
        self._admission = admission

    def bind(self, app: web.Application) -> None:
        """Add the routes. They accept only POST: GET would open a stream and DELETE end a session."""
        for path in MCP_PATHS:
            app.router.add_post(path, self._respond)
        app.router.add_post(_REGISTER, _refuse_login)

    async def _respond(self, request: web.Request) -> web.Response:
        check_origin(request)
        caller = await self._admission.admit(request, takes_bearer=True)
        try:
            check_form(request)
            message = _parse(await read_bytes(request))
            check_version(request, message)
            if message is None or message.request_id is None:
                return web.Response(status=202)
            if message.method != "tools/call":
                result = handle_request(message, _TOOLS, VERSION)
            else:
                result = await self._call(request, message, caller)
            return rpc_response(format_result(message.request_id, result))
        except RpcError as error:
            return rpc_response(format_error(error), error.status if isinstance(error, Refusal) else 200)

    async def _call(self, request: web.Request, message: Request, caller: Caller) -> dict[str, object]:
        """Run a tool; an error becomes a result for the model."""
        name, arguments = read_tool_call(message, (tool.name for tool in TOOLS))
        caller = replace(caller, agent_id=caller.agent_id or name_agent(request, message))
        try:
            call = read_call(name, arguments)
            once = await read_key(request, caller, call.route.name)
            return to_result(call.show(await self._tools.run(caller, call, once)))
        except Exception as error:  # noqa: BLE001 - the boundary: every exception becomes a sentence
            return to_result(show_error(await to_api_error(error, request)))


async def _refuse_login(_request: web.Request) -> web.Response:
    """Refuse OAuth registration, which clients try after a 401, with an error that they show to the user.

    Raises:
        AccessDenied: always, with the way to send the key.
    """
    raise AccessDenied(reason="there is no login; send the API key as Authorization: Bearer")


def check_form(request: web.Request) -> None:
    """Refuse messages that aren't sent as JSON, and clients that don't accept JSON.

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
    """Refuse unsupported versions of MCP; a client without the header uses an old one that is supported.

    Raises:
        Refusal: 400, with the supported versions.
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
    """Return the name of the client: from the message, or else the first word of User-Agent."""
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
