"""What the template of the HTTP reference shows of each route."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from mnemos_contract.errors import ApiError
from mnemos_contract.routes import API_KEY_HEADER, Route

from tools.generators.headers import Header, needs_key, request_headers, response_headers
from tools.generators.openapi import (
    OTHER_SUCCESSES,
    PATH_PARAMETERS,
    Json,
    errors_by_status,
    first_line,
    path_tag,
    query_parameters,
)

#: What the example of a route sends: the body of a POST or PUT, the query of a GET.
EXAMPLES: Final[dict[str, Json]] = {
    "store_memory": {"content": "The staging database is read-only on Fridays.", "tags": ["staging"]},
    "list_memories": {"q": "staging database", "limit": 5},
    "update_memory": {"content": "Staging is read-only on Fridays and Saturdays.", "expected_version": 1},
    "restore_memory": {"version": 1},
    "delete_memories": {"ids": ["06exampleid00", "06exampleid01"]},
    "list_session_messages": {"session_id": "session-1", "limit_per_session": 50},
}
#: Placeholder for an id in examples.
EXAMPLE_ID: Final = "06exampleid00"
#: How the reference words the limits in a schema.
LIMITS: Final = {
    "maxLength": "at most {} characters",
    "maxItems": "at most {}",
    "minimum": "from {}",
    "exclusiveMaximum": "below {}",
}


@dataclass(frozen=True, slots=True)
class Member:
    """One row of a table: a field, a parameter or a member of a response."""

    name: str
    type: str
    doc: str


@dataclass(frozen=True, slots=True)
class Section:
    """One route as the page shows it."""

    name: str
    doc: str
    method: str
    paths: tuple[str, ...]
    needs_key: bool
    path_members: tuple[Member, ...]
    headers: tuple[Header, ...]
    query: tuple[Member, ...]
    body: str | None
    response: str | None
    status: int
    other_successes: dict[int, str]
    response_headers: tuple[Header, ...]
    errors: tuple[type[ApiError], ...]
    example: str


def view(document: Json, routes: Sequence[Route]) -> dict[str, object]:
    """Return what `http-api.md.jinja` needs: the routes under their headings, the models, every error."""
    groups: dict[str, list[Section]] = {}
    for route in routes:
        groups.setdefault(path_tag(route), []).append(_section(route))
    schemas: Json = document["components"]["schemas"]
    models = {name: _model(schema) for name, schema in schemas.items() if "properties" in schema}
    bodies = {route.body.__name__ for route in routes if route.body}
    errors = {error for route in routes for found in errors_by_status(route).values() for error in found}
    return {
        "groups": groups,
        "bodies": {name: model for name, model in models.items() if name in bodies},
        "models": {name: model for name, model in models.items() if name not in bodies},
        "enums": {name: schema for name, schema in schemas.items() if "enum" in schema},
        "errors": sorted(errors, key=lambda error: (error.status, error.code)),
        "first_line": first_line,
        "anchor": lambda name: name.lower().replace(" ", "-"),
    }


def _section(route: Route) -> Section:
    return Section(
        name=route.name,
        doc=route.doc,
        method=route.method,
        paths=route.paths,
        needs_key=needs_key(route),
        path_members=tuple(Member(name, "string", PATH_PARAMETERS[name]) for name in route.path_parameters),
        headers=tuple(request_headers(route)),
        query=tuple(map(_query_member, query_parameters(route.query))),
        body=route.body.__name__ if route.body else None,
        response=route.response.__name__ if route.response else None,
        status=route.status,
        other_successes=OTHER_SUCCESSES.get(route.name, {}),
        response_headers=tuple(response_headers(route)),
        errors=tuple(error for found in errors_by_status(route).values() for error in found),
        example=example(route),
    )


def _model(schema: Json) -> dict[str, object]:
    required = schema.get("required", [])
    members = [
        Member(
            name,
            type_text(member) + (", always" if name in required else ""),
            _on_one_line(member["description"]),
        )
        for name, member in schema["properties"].items()
    ]
    return {"doc": schema["description"], "members": members}


def _query_member(parameter: Json) -> Member:
    style = {None: "", True: ", repeated", False: ", comma-separated"}[parameter.get("explode")]
    doc = _on_one_line(parameter["description"])
    return Member(parameter["name"], type_text(parameter["schema"]) + style, doc)


def _on_one_line(text: str) -> str:
    """Return a text on one line, for a cell of a table."""
    return " ".join(text.split())


def type_text(schema: Json) -> str:
    """Return a short description of a JSON schema: its type, its limits, its default."""
    words = [_type_name(schema)]
    words += [text.format(f"{schema[key]:,}") for key, text in LIMITS.items() if key in schema]
    items = schema.get("items", {})
    words += [f"each {text.format(items[key])}" for key, text in LIMITS.items() if key in items]
    if schema.get("default"):
        words.append(f"default `{json.dumps(schema['default'])}`")
    return ", ".join(words)


def _type_name(schema: Json) -> str:
    if reference := schema.get("$ref"):
        name = str(reference).rpartition("/")[2]
        return "any JSON" if name == "JsonValue" else f"[{name}](#{name.lower()})"
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type_name(schema['items'])}"
    return "moment (RFC 3339)" if schema.get("format") == "date-time" else str(schema.get("type", "any JSON"))


def example(route: Route) -> str:
    """Return a curl command for the preferred path."""
    sent: dict[str, Any] = EXAMPLES.get(route.name, {})
    path = route.paths[0].replace("{memory_id}", EXAMPLE_ID)
    url = f'"$MEM9_API_URL{path}"'
    words = ["curl"]
    if route.query:
        words.append("--get")
        words += [f"--data-urlencode '{name}={value}'" for name, value in sent.items()]
    elif route.method != "GET" and not (route.method == "POST" and sent):
        words.append(f"-X {route.method}")
    if needs_key(route):
        words.append(f'-H "{API_KEY_HEADER}: $MEM9_API_KEY"')
    if route.body:
        words += ["-H 'Content-Type: application/json'", f"-d '{json.dumps(sent, ensure_ascii=False)}'"]
    return " \\\n  ".join([f"{words[0]} {url}", *words[1:]])
