"""HTTP requests and responses as pure functions: no sockets, no clock, no randomness.

`build_request` turns a route and its arguments into the parts of an HTTP request; `read_response` turns an
HTTP response into a model of the contract or raises the error that the server raised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar, cast
from urllib.parse import quote, urlencode

from mnemos_contract.base import WireModel
from mnemos_contract.errors import (
    ApiError,
    ErrorBody,
    InvalidRequest,
    MissingApiKey,
    UnexpectedResponse,
    error_from_body,
)
from mnemos_contract.listing import ListQuery
from mnemos_contract.routes import (
    AGENT_HEADER,
    API_KEY_HEADER,
    IDEMPOTENCY_HEADER,
    V1ALPHA2_BASE,
    Access,
    Route,
)
from mnemos_contract.validation import explain
from pydantic import ValidationError

from mnemos._generated.paths import USER_AGENT
from mnemos.address import ServerAddress

#: A model of the contract, or None for a response without a body.
ResponseT = TypeVar("ResponseT", bound=WireModel | None)

#: Bytes that an error shows of a response that isn't of the contract.
EXCERPT_BYTES: Final = 200

#: Characters of a URL that the HTTP library sends; the server itself accepts longer ones.
MAX_URL_CHARACTERS: Final = 65_536
#: Characters of a search that are sent, at most nine each once encoded; the server ranks by its first 64
#: distinct terms, which lie far within.
MAX_SEARCH_CHARACTERS: Final = 6_000

#: First digit of the status of every success.
_SUCCESS: Final = 2


@dataclass(frozen=True, slots=True)
class WireRequest:
    """One HTTP request. Its repr shows neither the headers, which contain the key, nor the body."""

    route: Route
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)
    #: Whether it is a search, which may take longer than other requests.
    is_search: bool = False

    @property
    def is_repeatable(self) -> bool:
        """Whether sending it twice has the same effect as once."""
        return self.route.idempotent or IDEMPOTENCY_HEADER in self.headers


@dataclass(frozen=True, slots=True)
class WireResponse:
    """One HTTP response; the names of its headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Arguments:
    """Arguments of a call: values of the path, fields of the body or query, an Idempotency-Key."""

    path: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, object] = field(default_factory=dict)
    idempotency_key: str | None = None


def build_request(
    address: ServerAddress, route: Route, arguments: Arguments, *, agent_id: str = ""
) -> WireRequest:
    """Return the request that a call of `route` sends.

    Raises:
        InvalidRequest: an argument exceeds its limit or can't be sent, in the server's words.
        MissingApiKey: the route needs a key and the address has none.
    """
    if route.access is Access.TENANT and not address.api_key:
        raise MissingApiKey("no API key: set MEM9_API_KEY, or pass api_key")
    query = _make_model(route.query, arguments.fields)
    body = _make_model(route.body, arguments.fields)
    url = address.url + _fill_path(route, arguments.path)
    if query is not None and (text := _encode_query(query)):
        url = f"{url}?{text}"
    if len(url) > MAX_URL_CHARACTERS:
        raise InvalidRequest(field="query", reason=f"too long (max {MAX_URL_CHARACTERS} characters in a URL)")
    headers = _headers(address, agent_id, arguments.idempotency_key)
    if body is not None:
        headers["Content-Type"] = "application/json"
    return WireRequest(
        route=route,
        url=url,
        headers=headers,
        body=None if body is None else body.to_request(),
        is_search=isinstance(query, ListQuery) and query.is_search,
    )


def read_response(request: WireRequest, response: WireResponse, model: type[ResponseT]) -> ResponseT:
    """Return the response as `model`; `NoneType` is for a response without a body.

    Raises:
        ApiError: the server returned an error; the class is that of the error.
        UnexpectedResponse: the response isn't of this contract.
    """
    if response.status // 100 != _SUCCESS:
        raise error_from_body(_read_error(request, response), response.status)
    if not issubclass(model, WireModel):
        return cast("ResponseT", None)
    try:
        return cast("ResponseT", model.model_validate_json(response.body))
    except ValidationError as error:
        # Not chained: pydantic's error repeats the response, which may repeat the key.
        raise unexpected_response(request, response, explain(error)) from None


def unexpected_response(request: WireRequest, response: WireResponse, reason: ApiError) -> UnexpectedResponse:
    """Describe a response that isn't of this contract, without the key that it may repeat."""
    key = request.headers.get(API_KEY_HEADER, "")
    text = response.body.decode(errors="replace")
    excerpt = (text.replace(key, "***") if key else text).encode()[:EXCERPT_BYTES].decode(errors="ignore")
    kind = response.headers.get("content-type", "no content type")
    address = request.url.partition("?")[0]
    return UnexpectedResponse(
        f"{address} returned {response.status} ({kind}), which isn't a response of mnemo-server ({reason}): "
        f"check that MEM9_API_URL is the address of one. The response begins with {excerpt!r}"
    )


def _read_error(request: WireRequest, response: WireResponse) -> ErrorBody:
    try:
        return ErrorBody.model_validate_json(response.body)
    except ValidationError as error:
        # Not chained: pydantic's error repeats the response, which may repeat the key.
        raise unexpected_response(request, response, explain(error)) from None


def _make_model(model: type[WireModel] | None, fields: Mapping[str, object]) -> WireModel | None:
    """Check the fields against their limits."""
    if model is None:
        return None
    if unknown := fields.keys() - model.model_fields.keys():
        raise TypeError(f"{model.__name__} has no field {', '.join(sorted(unknown))}")
    try:
        return model.model_validate(dict(fields))
    except ValidationError as error:
        raise explain(error) from None


def _fill_path(route: Route, values: Mapping[str, str]) -> str:
    base = V1ALPHA2_BASE if route.access is Access.TENANT else ""
    for name, value in values.items():
        # "." and ".." would be resolved as relative paths, quoted or not.
        if not value.strip() or value in (".", ".."):
            raise InvalidRequest(field=name, reason="required")
    return base + route.path.format_map({name: quote(value, safe="") for name, value in values.items()})


def _encode_query(query: WireModel) -> str:
    """Return the fields that are set and aren't None; a list that isn't comma-separated is repeated."""
    fields: dict[str, Any] = query.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    if isinstance(query, ListQuery) and "q" in fields:
        fields["q"] = query.q[:MAX_SEARCH_CHARACTERS]
    return urlencode(fields, doseq=True)


def _headers(address: ServerAddress, agent_id: str, idempotency_key: str | None) -> dict[str, str]:
    optional = {
        API_KEY_HEADER: address.api_key,
        AGENT_HEADER: _header_value("agent_id", agent_id.strip()),
        IDEMPOTENCY_HEADER: _header_value("idempotency_key", idempotency_key or ""),
    }
    given = {name: value for name, value in optional.items() if value}
    return {"Accept": "application/json", "User-Agent": USER_AGENT, **given}


def _header_value(name: str, value: str) -> str:
    if not value.isprintable():
        raise InvalidRequest(field=name, reason="contains characters that aren't allowed in a header")
    return value
