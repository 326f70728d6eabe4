"""What the templates of the Python client need to know about the routes."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin

from mnemos_contract import routes as contract_routes
from mnemos_contract.base import WireModel
from mnemos_contract.routes import Access, Route
from pydantic import AwareDatetime, JsonValue
from pydantic.fields import FieldInfo

_SIMPLE_TYPES: Final[dict[Any, str]] = {
    JsonValue: "JsonValue",
    NoneType: "None",
    str: "str",
    int: "int",
    bool: "bool",
    float: "float",
    AwareDatetime: "datetime",
    datetime: "datetime",
}


@dataclass(frozen=True, slots=True)
class Method:
    """One method of the client, as source text."""

    name: str
    parameters: str
    returns: str
    #: The arguments after the route in the call of the transport.
    arguments: str
    doc: str
    #: Further lines of the docstring: the fields, the errors.
    notes: tuple[str, ...]


def client_view(routes: Sequence[Route], *, is_async: bool) -> dict[str, object]:
    """Return what `client.py.jinja` needs for the asynchronous or the synchronous client."""
    return {
        "methods": [_method(route) for route in routes],
        "models": sorted({route.response.__name__ for route in routes if route.response}),
        "fields": sorted({_fields_name(model) for route in routes if (model := _request_model(route))}),
        "class_name": "AsyncClient" if is_async else "Client",
        "transport": "AsyncTransport" if is_async else "Transport",
        "def_": "async def" if is_async else "def",
        "await_": "await " if is_async else "",
        "with_": "async with" if is_async else "with",
    }


def fields_view(routes: Sequence[Route]) -> dict[str, object]:
    """Return what `fields.py.jinja` needs: one typed dictionary per request model, inner models first."""
    models = [inner for route in routes if (model := _request_model(route)) for inner in _with_inner(model)]
    return {
        "models": [_describe_model(model) for model in dict.fromkeys(models)],
        "imported": sorted({inner.__name__ for model in models for inner in _inner_models(model)}),
    }


def paths_view(routes: Sequence[Route], version: str) -> dict[str, object]:
    """Return what `paths.py.jinja` needs: the version, every preferred path and every header name."""
    headers = {name: value for name, value in vars(contract_routes).items() if name.endswith("_HEADER")}
    return {
        "version": version,
        "paths": {route.name.upper(): (route.paths[0], route.doc) for route in routes},
        "headers": headers,
    }


def _method(route: Route) -> Method:
    model = _request_model(route)
    takes_key = route.method == "POST" and route.access is Access.TENANT and not route.idempotent
    parameters = ["self", *(f"{name}: str" for name in route.path_parameters)]
    arguments = [route.response.__name__ if route.response else "NoneType"]
    if route.path_parameters:
        items = ", ".join(f'"{name}": {name}' for name in route.path_parameters)
        arguments.append(f"path={{{items}}}")
    if takes_key:
        parameters += ["*", "idempotency_key: str | None = None"]
    if model:
        parameters.append(f"**fields: Unpack[{_fields_name(model)}]")
        arguments.append("fields=fields")
    if takes_key:
        arguments.append("idempotency_key=idempotency_key")
    return Method(
        name=route.name,
        parameters=", ".join(parameters),
        returns=route.response.__name__ if route.response else "None",
        arguments=", ".join(arguments),
        doc=route.doc,
        notes=tuple(_notes(route, model)),
    )


def _notes(route: Route, model: type[WireModel] | None) -> Iterator[str]:
    if model:
        yield from _wrap(f"Fields: {', '.join(model.model_fields)}.")
    if route.errors:
        yield from _wrap(f"Raises: {', '.join(sorted(error.__name__ for error in route.errors))}.")


def _wrap(text: str) -> list[str]:
    return textwrap.wrap(text, width=100, subsequent_indent="    ")


def _request_model(route: Route) -> type[WireModel] | None:
    return route.body or route.query


def _fields_name(model: type[WireModel]) -> str:
    return f"{model.__name__}Fields"


def _with_inner(model: type[WireModel]) -> Iterator[type[WireModel]]:
    for inner in _inner_models(model):
        yield from _with_inner(inner)
    yield model


def _inner_models(model: type[WireModel]) -> list[type[WireModel]]:
    items = [item for field in model.model_fields.values() for item in get_args(field.annotation)]
    return [item for item in items if isinstance(item, type) and issubclass(item, WireModel)]


def _describe_model(model: type[WireModel]) -> dict[str, object]:
    fields = [
        {"name": name, "type": _field_type(field), "doc": field.description or ""}
        for name, field in model.model_fields.items()
    ]
    return {"name": _fields_name(model), "model": model.__name__, "doc": model.__doc__, "fields": fields}


def _field_type(field: FieldInfo) -> str:
    text = python_type(field.annotation)
    return f"Required[{text}]" if field.is_required() else text


def python_type(annotation: Any) -> str:
    """Return the source text of a type that callers may pass for a field of this type."""
    items = get_args(annotation)
    if annotation in _SIMPLE_TYPES:
        return _SIMPLE_TYPES[annotation]
    if get_origin(annotation) in (Union, UnionType):
        return " | ".join(python_type(item) for item in items)
    if get_origin(annotation) is list:
        return f"Sequence[{python_type(items[0])}]"
    if hasattr(annotation, "__metadata__"):  # Annotated: the model checks its limits
        return python_type(items[0])
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return "str"
    if isinstance(annotation, type) and issubclass(annotation, WireModel):
        return f"{annotation.__name__} | {_fields_name(annotation)}"
    raise TypeError(f"tools/generate.py doesn't know how callers pass {annotation!r}")
