"""The OpenAPI 3.1 document of the route table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from mnemos.address import DEFAULT_URL
from mnemos_contract.base import WireModel
from mnemos_contract.errors import ApiError, ErrorBody
from mnemos_contract.routes import (
    API_KEY_HEADER,
    COMMON_ERRORS,
    TENANT_ERRORS,
    V1ALPHA1_BASE,
    Access,
    Route,
)
from mnemos_contract.tools import plain_schema
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from tools.generators.headers import Header, needs_key, request_headers, response_headers

Json = dict[str, Any]

SECURITY_SCHEME: Final = "ApiKey"
#: Meaning of every value in a path.
PATH_PARAMETERS: Final = {
    "api_key": "The tenant's key, for clients that don't send X-API-Key.",
    "memory_id": "Id of the memory: 13 characters of lower-case Crockford base32.",
    "job_id": "Id of the job: 13 characters, like the id of a memory.",
    "recall_id": "Id of the recall: 13 characters, like the id of a memory.",
}
#: Statuses of success besides `Route.status`, by the route's name.
OTHER_SUCCESSES: Final = {
    "store_memory": {200: "Done, with `sync`.", 201: "A pinned memory was stored."},
    "get_memory": {304: "The version in If-None-Match is still current."},
}


def build(routes: Sequence[Route], *, version: str) -> Json:
    """Return the document as JSON values, in the order of the table."""
    paths: Json = defaultdict(dict)
    for route in routes:
        for path in route.paths:
            paths[path][route.method.lower()] = operation(route, path)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mnemos",
            "version": version,
            "summary": "One shared, lasting memory for coding agents.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": DEFAULT_URL, "description": "A server on this machine."}],
        "paths": dict(paths),
        "components": {
            "schemas": build_schemas(routes),
            "securitySchemes": {
                SECURITY_SCHEME: {
                    "type": "apiKey",
                    "in": "header",
                    "name": API_KEY_HEADER,
                    "description": "The tenant's key, as the server printed it at its first start.",
                }
            },
        },
    }


def operation(route: Route, path: str) -> Json:
    """Describe one route below one of its bases."""
    in_path = V1ALPHA1_BASE + route.path == path
    described: Json = {
        "operationId": f"{route.name}_v1alpha1" if in_path else route.name,
        "summary": route.doc,
        "tags": [path_tag(route)],
        "parameters": parameters(route, path),
        "security": [{SECURITY_SCHEME: []}] if needs_key(route) and not in_path else [],
        "responses": responses(route),
    }
    if route.body:
        described["requestBody"] = {"required": True, "content": as_json(reference(route.body))}
    return {key: value for key, value in described.items() if value or key == "security"}


def path_tag(route: Route) -> str:
    """Return the heading of the group that a route belongs to."""
    if route.access is Access.ANYBODY:
        return "Server and keys"
    if route.path.startswith("/jobs"):
        return "Jobs"
    return "Sessions" if "session" in route.path else "Memories"


def parameters(route: Route, path: str) -> list[Json]:
    """Describe the values in the path, the query string and the headers."""
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    values = [
        {"name": name, "in": "path", "required": True, "description": PATH_PARAMETERS[name],
         "schema": {"type": "string"}}
        for name in names
    ]  # fmt: skip
    return [*values, *query_parameters(route.query), *map(header_parameter, request_headers(route))]


def query_parameters(model: type[WireModel] | None) -> list[Json]:
    """Describe each field of a query model; a list is comma-separated or repeated, as its type says."""
    if model is None:
        return []
    written = model.model_json_schema(mode="serialization")["properties"]
    described: list[Json] = []
    sent = model.model_json_schema(ref_template="#/components/schemas/{model}")
    for name, schema in plain_schema(sent)["properties"].items():
        doc = schema.pop("description", "")
        parameter = {"name": name, "in": "query", "description": doc, "schema": schema}
        if schema.get("type") == "array":
            parameter |= {"style": "form", "explode": written[name].get("type") == "array"}
        described.append(parameter)
    return described


def header_parameter(header: Header) -> Json:
    """Describe a header of a request."""
    limit = {} if header.max_length is None else {"maxLength": header.max_length}
    return {
        "name": header.name,
        "in": "header",
        "description": header.doc,
        "schema": {"type": "string", **limit},
    }


def responses(route: Route) -> Json:
    """Describe every response, by status."""
    headers = {
        header.name: {"description": header.doc, "schema": {"type": "string"}}
        for header in response_headers(route)
    }
    content = {"content": as_json(reference(route.response))} if route.response else {}
    found: dict[int, Json] = {route.status: {"description": "Done.", "headers": headers, **content}}
    for status, doc in OTHER_SUCCESSES.get(route.name, {}).items():
        body = {} if status == HTTPStatus.NOT_MODIFIED else content
        found[status] = {"description": doc, "headers": headers, **body}
    for status, errors in errors_by_status(route).items():
        found[status] = error_response(errors)
    return {str(status): found[status] for status in sorted(found)}


def errors_by_status(route: Route) -> dict[int, list[type[ApiError]]]:
    """Return every error that a route can return, by status, then in the order of the contract."""
    tenant = TENANT_ERRORS if route.access is Access.TENANT else ()
    found: dict[int, list[type[ApiError]]] = defaultdict(list)
    for error in (*tenant, *route.errors, *COMMON_ERRORS):
        found[error.status].append(error)
    return {status: found[status] for status in sorted(found)}


def error_response(errors: Sequence[type[ApiError]]) -> Json:
    """Describe the errors that share a status."""
    lines = [f"- `{error.code}`: {first_line(error)}" for error in errors]
    codes = {"properties": {"code": {"enum": [error.code for error in errors]}}}
    described: Json = {
        "description": "\n".join(lines),
        "content": as_json({"allOf": [reference(ErrorBody), codes]}),
    }
    if errors[0].status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        doc = "Seconds after which a retry may succeed."
        described["headers"] = {"Retry-After": {"description": doc, "schema": {"type": "integer"}}}
    return described


def first_line(thing: type) -> str:
    """Return the first sentence of a docstring."""
    return (thing.__doc__ or "").partition("\n")[0]


def build_schemas(routes: Sequence[Route]) -> Json:
    """Return the schema of every model that travels in a body, by name."""
    used = [model for route in routes for model in (route.body, route.response) if model]
    models: list[type[BaseModel]] = [*dict.fromkeys(used), ErrorBody]
    _, schema = models_json_schema(
        [(model, "validation") for model in models], ref_template="#/components/schemas/{model}"
    )
    return {name: plain_schema(schema["$defs"][name]) for name in sorted(schema["$defs"])}


def reference(model: type[BaseModel]) -> Json:
    """Return a reference to the schema of a model."""
    return {"$ref": f"#/components/schemas/{model.__name__}"}


def as_json(schema: Json) -> Json:
    """Return the content of a body that is JSON of this schema."""
    return {"application/json": {"schema": schema}}
