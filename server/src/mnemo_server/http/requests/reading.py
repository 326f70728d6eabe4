"""Reads requests as models of the contract, and describes what is wrong with them."""

from __future__ import annotations

from functools import cache
from typing import TypeVar, get_origin

from aiohttp import web
from mnemos_contract.base import WireModel
from mnemos_contract.errors import InvalidRequest, PayloadTooLarge
from mnemos_contract.limits import MAX_BODY_BYTES
from mnemos_contract.validation import explain
from pydantic import ValidationError

Model = TypeVar("Model", bound=WireModel)


async def read_body(request: web.Request, model: type[Model]) -> Model:
    """Read the JSON body of a request.

    Raises:
        InvalidJson: it isn't JSON.
        InvalidRequest: it is JSON, but doesn't fit the model; or it can't be read to its end.
        PayloadTooLarge: it is larger than 1 MiB.
    """
    body = await read_bytes(request)
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise explain(error) from None


async def read_bytes(request: web.Request) -> bytes:
    """Read the body of a request.

    Raises:
        InvalidRequest: it can't be read to its end.
        PayloadTooLarge: it is larger than 1 MiB.
    """
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        raise PayloadTooLarge(limit_bytes=MAX_BODY_BYTES) from error
    except (web.RequestPayloadError, ConnectionResetError):
        raise InvalidRequest(field="body", reason="incomplete, or not in its Content-Encoding") from None


def read_query(request: web.Request, model: type[Model]) -> Model:
    """Read the query string; if a parameter that takes one value is repeated, the first value is used.

    Raises:
        InvalidRequest: a parameter doesn't fit the model.
    """
    query = request.query
    lists = _list_fields(model)
    values = {
        key: query.getall(key) if key in lists and len(query.getall(key)) > 1 else query[key] for key in query
    }
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise explain(error) from None


@cache
def _list_fields(model: type[WireModel]) -> frozenset[str]:
    fields = model.model_fields.items()
    return frozenset(name for name, field in fields if get_origin(field.annotation) is list)
