"""Tool calls: one request of the client each. The contract defines the request and how its response is shown.

Imported after the host has its list of tools, since pydantic and the HTTP client are slow to load.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnemos_contract import MnemosError
from mnemos_contract.mcp.calls import read_call, show_error, to_result

from mnemos import Client
from mnemos.address import BadAddress
from mnemos.config import read_agent_id

if TYPE_CHECKING:
    from collections.abc import Callable


class ToolCalls:
    """The five tools over one client."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def __call__(self, name: str, arguments: dict[str, object]) -> dict[str, object]:
        """Run one of the five tools; an error is a result for the model too."""
        try:
            call = read_call(name, arguments)
            path = () if call.memory_id is None else (call.memory_id,)
            response = getattr(self._client, call.route.name)(*path, **call.fields)
            return to_result(call.show(response))
        except MnemosError as error:
            return to_result(show_error(error))


def make_caller(client_name: str) -> Callable[[str, dict[str, object]], dict[str, object]]:
    """Return the tools over a client for the server of the environment.

    The agent is the MCP client, unless MNEMOS_AGENT_ID is set.
    """
    try:
        return ToolCalls(Client(agent_id=read_agent_id() or client_name or None))
    except BadAddress as error:
        complaint = to_result({"ok": False, "error": str(error), "code": "bad_address"})
        return lambda _name, _arguments: complaint
