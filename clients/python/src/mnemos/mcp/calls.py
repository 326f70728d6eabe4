"""Tool calls: arguments checked by the contract, one request of the client each, short JSON for the model.

Imported after the host has its list of tools, since pydantic and the HTTP client take their time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mnemos_contract import TOOLS, Memory, MnemosError
from mnemos_contract.errors import VersionConflict
from mnemos_contract.tools import (
    DeleteArguments,
    GetArguments,
    SearchArguments,
    StoreArguments,
    ToolArguments,
    UpdateArguments,
)
from pydantic import ValidationError

from mnemos import Client
from mnemos.config import BadAddress, read_agent_id
from mnemos.mcp.complaints import explain_arguments
from mnemos.mcp.protocol import compact_json
from mnemos.mcp.views import JsonObject, show_history, show_hit, show_memory, show_stored

if TYPE_CHECKING:
    from collections.abc import Callable

_UNDO = "it is kept in its history: `mnemos restore {id}` brings it back"
_ARGUMENTS = {tool.name: tool.arguments for tool in TOOLS}


class ToolCalls:
    """The five tools over one client."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._runs: dict[str, Callable[[Any], JsonObject]] = {
            "memory_store": self._store,
            "memory_search": self._search,
            "memory_get": self._get,
            "memory_update": self._update,
            "memory_delete": self._delete,
        }

    def __call__(self, name: str, arguments: dict[str, object]) -> dict[str, object]:
        """Run one of the five tools; what goes wrong is a result for the model too."""
        try:
            return _to_result(self._runs[name](_read_arguments(name, arguments)))
        except ValidationError as error:
            sentence = explain_arguments(error, name, list(_ARGUMENTS[name].model_fields))
            return _to_result({"ok": False, "error": sentence, "code": "invalid_request"})
        except MnemosError as error:
            return _to_result(_show_error(error))

    def _store(self, arguments: StoreArguments) -> JsonObject:
        fields = _given(arguments)
        if fields.pop("pinned", False):
            fields["memory_type"] = "pinned"
        return {"ok": True, "data": show_stored(self._client.store_memory(**fields))}

    def _search(self, arguments: SearchArguments) -> JsonObject:
        fields = _given(arguments)
        for name in ("tags", "memory_type"):
            if name in fields:
                fields[name] = [part.strip() for part in str(fields[name]).split(",") if part.strip()]
        page = self._client.list_memories(**fields)
        memories = [show_hit(memory) for memory in page.memories]
        position = {"total": page.total, "limit": page.limit, "offset": page.offset}
        return {"ok": True, "memories": memories, **position}

    def _get(self, arguments: GetArguments) -> JsonObject:
        if arguments.history:
            return {"ok": True, "data": show_history(self._client.get_history(arguments.id))}
        return {"ok": True, "data": show_memory(self._client.get_memory(arguments.id))}

    def _update(self, arguments: UpdateArguments) -> JsonObject:
        fields = _given(arguments)
        return {"ok": True, "data": show_memory(self._client.update_memory(fields.pop("id"), **fields))}

    def _delete(self, arguments: DeleteArguments) -> JsonObject:
        self._client.delete_memory(arguments.id)
        return {"ok": True, "id": arguments.id, "undo": _UNDO.format(id=arguments.id)}


def make_caller(client_name: str) -> Callable[[str, dict[str, object]], dict[str, object]]:
    """Open the client for the server that the environment names.

    The agent is the MCP client, unless MNEMOS_AGENT_ID says otherwise.
    """
    try:
        return ToolCalls(Client(agent_id=read_agent_id() or client_name or None))
    except BadAddress as error:
        complaint = _to_result({"ok": False, "error": str(error), "code": "bad_address"})
        return lambda _name, _arguments: complaint


def _read_arguments(name: str, arguments: dict[str, object]) -> ToolArguments:
    """Check the arguments; null means left out, as the schema of the tools says."""
    given = {key: value for key, value in arguments.items() if value is not None}
    return _ARGUMENTS[name].model_validate(given)


def _given(arguments: ToolArguments) -> dict[str, Any]:
    return arguments.model_dump(exclude_unset=True)


def _show_error(error: MnemosError) -> JsonObject:
    shown: JsonObject = {"ok": False, "error": str(error), "code": error.code}
    current = error.fields.get("current") if isinstance(error, VersionConflict) else None
    if isinstance(current, dict):
        shown["current"] = _show_current(current)
    return shown


def _show_current(current: dict[str, Any]) -> JsonObject:
    try:
        return show_memory(Memory.model_validate(current))
    except ValidationError:
        return current


def _to_result(answer: JsonObject) -> dict[str, object]:
    text = {"type": "text", "text": compact_json(answer)}
    return {"content": [text], "isError": not answer["ok"]}
