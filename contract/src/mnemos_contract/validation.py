"""Validation errors as errors of the contract: server and client describe them in the same words."""

from __future__ import annotations

from pydantic import ValidationError

from mnemos_contract.errors import ApiError, InvalidJson, InvalidRequest


def explain(error: ValidationError) -> ApiError:
    """Return the first problem as an error that doesn't repeat what was sent."""
    first = error.errors(include_url=False, include_input=False)[0]
    message = str(first["msg"]).removeprefix("Value error, ")
    if first["type"] == "json_invalid":
        return InvalidJson(reason=message.removeprefix("Invalid JSON: "))
    field = ".".join(str(part) for part in first["loc"])
    if not field:
        # Rules about several fields begin their sentence with the name of one.
        field, separator, rest = message.partition(": ")
        field, message = (field, rest) if separator else ("body", message)
    return InvalidRequest(field=field, reason=message)
