"""What is wrong with a request, as the error of the contract: server and client say it in the same words."""

from __future__ import annotations

from pydantic import ValidationError

from mnemos_contract.errors import ApiError, InvalidJson, InvalidRequest


def explain(error: ValidationError) -> ApiError:
    """Say the first thing that is wrong, without repeating what was sent."""
    first = error.errors(include_url=False, include_input=False)[0]
    message = str(first["msg"]).removeprefix("Value error, ")
    if first["type"] == "json_invalid":
        return InvalidJson(reason=message.removeprefix("Invalid JSON: "))
    field = ".".join(str(part) for part in first["loc"])
    if not field:
        # Rules over several fields name theirs at the head of the sentence.
        field, separator, rest = message.partition(": ")
        field, message = (field, rest) if separator else ("body", message)
    return InvalidRequest(field=field, reason=message)
