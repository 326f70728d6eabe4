"""Tool calls: each is checked, becomes one request of the API, and returns short JSON for the model.

The caller makes the request: `mnemos mcp` sends it to the server with its client, the server passes it to its
services.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from mnemos_contract.errors import InvalidRequest, MnemosError, VersionConflict
from mnemos_contract.history import History
from mnemos_contract.mcp.complaints import explain_arguments
from mnemos_contract.mcp.protocol import compact_json
from mnemos_contract.mcp.views import JsonObject, show_history, show_memory, show_page, show_stored
from mnemos_contract.memories import Memory, MemoryPage
from mnemos_contract.routes import ROUTES_BY_NAME, Route
from mnemos_contract.tools import (
    TOOLS,
    DeleteArguments,
    GetArguments,
    SearchArguments,
    StoreArguments,
    ToolArguments,
    UpdateArguments,
)
from mnemos_contract.writing import StoreResponse

_UNDO: Final = "to restore it: `mnemos restore {id}`"
_ARGUMENTS: Final = {tool.name: tool.arguments for tool in TOOLS}


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The request of the API for a tool call, and how its response is shown."""

    route: Route
    #: Fields of the body or of the query string.
    fields: dict[str, Any]
    #: Turns the response, a model of the contract or None, into what the model reads.
    show: Callable[[Any], JsonObject]
    #: Id of the memory in the path, if the route has one.
    memory_id: str | None = None


def read_call(name: str, arguments: dict[str, object]) -> ToolCall:
    """Check the arguments of one of the five tools; null means absent, as their schema says.

    Raises:
        InvalidRequest: the tool doesn't accept them; the error names each wrong one.
    """
    given = {key: value for key, value in arguments.items() if value is not None}
    try:
        checked = _ARGUMENTS[name].model_validate(given)
    except ValidationError as error:
        raise InvalidRequest(explain_arguments(error, name, list(_ARGUMENTS[name].model_fields))) from None
    _check_writable(given)
    return _CALLS[name](checked)


def to_result(response: JsonObject) -> dict[str, object]:
    """Return the result of tools/call with what the model reads; `ok` determines whether it is an error."""
    text = {"type": "text", "text": compact_json(response)}
    return {"content": [text], "isError": not response["ok"]}


def show_error(error: MnemosError) -> JsonObject:
    """Show what went wrong: a sentence, a code, and the current memory after a conflict."""
    shown: JsonObject = {"ok": False, "error": str(error), "code": error.code}
    current = error.fields.get("current") if isinstance(error, VersionConflict) else None
    if isinstance(current, dict):
        shown["current"] = _show_current(current)
    return shown


def _store(arguments: StoreArguments) -> ToolCall:
    fields = _given(arguments)
    if fields.pop("pinned", False):
        fields["memory_type"] = "pinned"

    def show(response: StoreResponse) -> JsonObject:
        return {"ok": True, "data": show_stored(response)}

    return ToolCall(ROUTES_BY_NAME["store_memory"], fields, show)


def _search(arguments: SearchArguments) -> ToolCall:
    fields = _given(arguments)
    if str(fields.get("q", "")).strip():
        fields["min_confidence"] = 0  # a model that searches judges for itself, by the confidence of each hit
    for name in ("tags", "memory_type"):
        if name in fields:
            fields[name] = [part.strip() for part in str(fields[name]).split(",") if part.strip()]

    def show(response: MemoryPage) -> JsonObject:
        return {"ok": True, **show_page(response)}

    return ToolCall(ROUTES_BY_NAME["list_memories"], fields, show)


def _get(arguments: GetArguments) -> ToolCall:
    def show(response: Memory | History) -> JsonObject:
        return {
            "ok": True,
            "data": show_history(response) if isinstance(response, History) else show_memory(response),
        }

    route = ROUTES_BY_NAME["get_history" if arguments.history else "get_memory"]
    return ToolCall(route, {}, show, arguments.id)


def _update(arguments: UpdateArguments) -> ToolCall:
    fields = _given(arguments)

    def show(response: Memory) -> JsonObject:
        return {"ok": True, "data": show_memory(response)}

    return ToolCall(ROUTES_BY_NAME["update_memory"], fields, show, fields.pop("id"))


def _delete(arguments: DeleteArguments) -> ToolCall:
    def show(_response: None) -> JsonObject:
        return {"ok": True, "id": arguments.id, "undo": _UNDO.format(id=arguments.id)}

    return ToolCall(ROUTES_BY_NAME["delete_memory"], {}, show, arguments.id)


_CALLS: Final[dict[str, Callable[[Any], ToolCall]]] = {
    "memory_store": _store,
    "memory_search": _search,
    "memory_get": _get,
    "memory_update": _update,
    "memory_delete": _delete,
}


def _check_writable(given: dict[str, object]) -> None:
    """Reject what JSON can express and UTF-8 can't, in metadata for example.

    Raises:
        InvalidRequest: there is an unpaired surrogate, or the nesting is too deep.
    """
    for name, value in given.items():
        try:
            compact_json(value).encode()
        except UnicodeEncodeError:
            raise InvalidRequest(
                field=name, reason="contains an unpaired surrogate, which isn't a valid character"
            ) from None
        except RecursionError:
            raise InvalidRequest(field=name, reason="is nested too deeply") from None


def _given(arguments: ToolArguments) -> dict[str, Any]:
    return arguments.model_dump(exclude_unset=True)


def _show_current(current: dict[str, Any]) -> JsonObject:
    try:
        return show_memory(Memory.model_validate(current))
    except ValidationError:
        return current
