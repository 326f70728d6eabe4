"""Responses to MCP clients: always JSON-RPC, errors included."""

from __future__ import annotations

import re
from typing import Final

from aiohttp import web
from mnemos_contract.errors import ApiError, InvalidApiKey, MissingApiKey
from mnemos_contract.mcp.protocol import INTERNAL_ERROR, INVALID_REQUEST, MCP_PATH, RpcError, format_error
from mnemos_contract.routes import V1ALPHA1_BASE, V1ALPHA2_BASE

from mnemo_server.http.responses import error_response

#: All paths of MCP, the preferred one first. The last is for clients that can't send headers.
MCP_PATHS: Final = (MCP_PATH, V1ALPHA2_BASE + MCP_PATH, V1ALPHA1_BASE + MCP_PATH)

_ONE_OF_THEM: Final = re.compile("|".join(path.replace("{api_key}", "[^/]+") for path in MCP_PATHS))
_KEY_ERRORS: Final = (MissingApiKey, InvalidApiKey)
_UNAUTHORIZED: Final = 401
_SERVER_FAULT: Final = 500
_HOW: Final = "send it as X-API-Key, or as Authorization: Bearer"


def speaks_mcp(request: web.Request) -> bool:
    """Whether a request came to a path of MCP, where errors are sent as JSON-RPC."""
    return _ONE_OF_THEM.fullmatch(request.path) is not None


def rpc_response(line: bytes, status: int = 200) -> web.Response:
    """Return a JSON-RPC message as a response."""
    return web.Response(body=line, status=status, content_type="application/json")


def rpc_error_response(error: ApiError, request_id: str) -> web.Response:
    """Return an error of the contract as JSON-RPC, with the same status and headers.

    A missing or invalid key is 401 here: clients of mem9 expect 400, but MCP clients ask for a key on 401.
    """
    response = error_response(error, request_id)
    code = INTERNAL_ERROR if error.status >= _SERVER_FAULT else INVALID_REQUEST
    sentence = str(error)
    if isinstance(error, _KEY_ERRORS):
        response.set_status(_UNAUTHORIZED)
        token = ', error="invalid_token"' if isinstance(error, InvalidApiKey) else ""
        response.headers["WWW-Authenticate"] = f'Bearer realm="mnemos"{token}'
        sentence = f"{sentence}: {_HOW}"
    data = {"code": error.code, "request_id": request_id}
    response.body = format_error(RpcError(code, sentence, data=data))
    return response
