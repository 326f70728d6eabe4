"""Sentences about wrong arguments of a tool, by which a model can correct its call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnemos_contract.mcp.protocol import compact_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

_MAX_COMPLAINTS = 5
_MAX_SHOWN_CHARACTERS = 60


def explain_arguments(error: ValidationError, tool_name: str, parameters: Sequence[str]) -> str:
    """Name each wrong parameter and describe what would be right."""
    complaints = [_explain(detail, tool_name, parameters) for detail in error.errors(include_url=False)]
    return "; ".join(complaints[:_MAX_COMPLAINTS])


def _explain(detail: ErrorDetails, tool_name: str, parameters: Sequence[str]) -> str:
    name = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        return f"unknown parameter {name!r}: {tool_name} accepts {', '.join(parameters)}"
    if detail["type"] == "missing":
        return f"{name}: required"
    message = detail["msg"].replace("Input should", "should")
    return f"{name}: {message}, not {_show(detail['input'])}"


def _show(value: object) -> str:
    """Show a value; of a long text only its length, of other long values the beginning."""
    text = compact_json(value)
    if len(text) <= _MAX_SHOWN_CHARACTERS:
        return text
    return f"{len(value)} characters" if isinstance(value, str) else text[:_MAX_SHOWN_CHARACTERS] + "…"
