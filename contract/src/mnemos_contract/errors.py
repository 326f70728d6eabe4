"""Every error of the API, as one class tree that the server raises and the client raises again.

    MnemosError
    ├── ApiError                      the server's response, with a status
    │   ├── InvalidJson               400  invalid_json
    │   ├── InvalidRequest            400  invalid_request
    │   ├── MissingApiKey             400  missing_api_key
    │   ├── InvalidApiKey             400  invalid_api_key
    │   ├── MalformedApiKey           401  malformed_api_key
    │   ├── AccessDenied              403  access_denied
    │   ├── MemoryNotFound            404  memory_not_found
    │   ├── VersionNotFound           404  version_not_found
    │   ├── JobNotFound               404  job_not_found
    │   ├── RecallNotFound            404  recall_not_found
    │   ├── TenantNotFound            404  tenant_not_found
    │   ├── KeyNotFound               404  key_not_found
    │   ├── RouteNotFound             404  route_not_found
    │   ├── MethodNotAllowed          405  method_not_allowed
    │   ├── VersionConflict           412  version_conflict
    │   ├── PayloadTooLarge           413  payload_too_large
    │   ├── IdempotencyMismatch       422  idempotency_mismatch
    │   ├── RateLimited               429  rate_limited
    │   ├── InternalError             500  internal_error
    │   ├── DatabaseUnavailable       503  database_unavailable
    │   └── WriteConflict             503  write_conflict
    ├── ServerUnreachable             no response at all: raised by the client only
    └── UnexpectedResponse            a response that isn't of this contract: raised by the client only

On the wire: `{"error": "<sentence>", "code": "<code>", "fields": {…}, "request_id": "…"}`.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, JsonValue


class ErrorBody(BaseModel):
    """The JSON body of every response that isn't a success."""

    model_config = ConfigDict(extra="ignore", use_attribute_docstrings=True)

    error: str
    """What is wrong, as a sentence for people."""
    code: str = ""
    """Name of the error for programs; each error class has its own."""
    fields: dict[str, JsonValue] = {}
    """The values that the sentence mentions, by name."""
    request_id: str | None = None
    """Id of this request in the server's log."""


class MnemosError(Exception):
    """Base class of everything that can go wrong between a caller and the memory."""

    code: ClassVar[str] = "error"


class ApiError(MnemosError):
    """An error response of the server: a code, an HTTP status, a sentence, and the fields that it mentions.

    Subclasses set `code`, `status` and `template`; `template` is formatted with the fields.
    """

    status: ClassVar[int] = 500
    template: ClassVar[str] = "{message}"
    #: Seconds after which a retry may succeed, for the Retry-After header; None: a retry won't help.
    retry_after_seconds: int | None = None

    def __init__(self, message: str | None = None, **fields: JsonValue) -> None:
        """Use `message` as the sentence, or else the template with the fields filled in."""
        self.fields: dict[str, JsonValue] = fields
        self.request_id: str | None = None
        retry_after = fields.get("retry_after_seconds", self.retry_after_seconds)
        self.retry_after_seconds = retry_after if isinstance(retry_after, int) else None
        super().__init__(message if message is not None else self.template.format(**fields))

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Register the class under its code; no two classes share a code."""
        super().__init_subclass__(**kwargs)
        if "code" not in cls.__dict__ or cls.code in ERRORS_BY_CODE:
            raise TypeError(f"{cls.__name__} needs an error code of its own, not {cls.code!r}")
        ERRORS_BY_CODE[cls.code] = cls

    def to_body(self, request_id: str | None = None) -> ErrorBody:
        """Return the error as it is sent."""
        return ErrorBody(error=str(self), code=self.code, fields=self.fields, request_id=request_id)


#: Every error class by its wire code.
ERRORS_BY_CODE: dict[str, type[ApiError]] = {}


def error_from_body(body: ErrorBody, status: int) -> ApiError:
    """Rebuild the error that the server raised; an unknown code becomes a plain ApiError."""
    error_class = ERRORS_BY_CODE.get(body.code, ApiError)
    error = error_class(body.error, **body.fields)
    error.request_id = body.request_id
    if error_class is ApiError:
        error.fields = {**error.fields, "status": status}
    return error


class InvalidJson(ApiError):
    """The body isn't JSON."""

    code, status, template = "invalid_json", 400, "invalid JSON: {reason}"


class InvalidRequest(ApiError):
    """A field is missing, has the wrong type or exceeds its limit; `field` names the first such field."""

    code, status, template = "invalid_request", 400, "{field}: {reason}"


class MissingApiKey(ApiError):
    """The request has no key. 400 and not 401, since clients of mem9 branch on it."""

    code, status, template = "missing_api_key", 400, "missing API key"


class InvalidApiKey(ApiError):
    """The server doesn't know the key in the header."""

    code, status, template = "invalid_api_key", 400, "invalid API key"


class MalformedApiKey(ApiError):
    """The status route was called without a key."""

    code, status, template = "malformed_api_key", 401, "missing or malformed X-API-Key"


class AccessDenied(ApiError):
    """The caller isn't allowed to do this."""

    code, status, template = "access_denied", 403, "{reason}"


class MemoryNotFound(ApiError):
    """No active memory has this id in this tenant."""

    code, status, template = "memory_not_found", 404, "memory not found"


class VersionNotFound(ApiError):
    """The memory never had the requested version."""

    code, status, template = "version_not_found", 404, "this memory has no such version"


class JobNotFound(ApiError):
    """No job has this id in this tenant."""

    code, status, template = "job_not_found", 404, "job not found"


class RecallNotFound(ApiError):
    """No recall has this id in this tenant, or it is no longer kept."""

    code, status, template = "recall_not_found", 404, "recall not found"


class TenantNotFound(ApiError):
    """The server doesn't know the key in the path."""

    code, status, template = "tenant_not_found", 404, "tenant not found"


class KeyNotFound(ApiError):
    """The status route was called with a key that doesn't exist."""

    code, status, template = "key_not_found", 404, "key not found"


class RouteNotFound(ApiError):
    """The path isn't part of the API."""

    code, status, template = "route_not_found", 404, "unknown path {path}; see /openapi.json for all paths"


class MethodNotAllowed(ApiError):
    """The path exists, but not with this method."""

    code, status, template = "method_not_allowed", 405, "{method} isn't allowed for this path; use {allowed}"


class VersionConflict(ApiError):
    """An update expected a version that isn't the current one; `current` contains the current memory."""

    code, status = "version_conflict", 412
    template = "the memory has version {current_version}, not {expected_version}: read it, then decide again"


class PayloadTooLarge(ApiError):
    """The body is larger than the route accepts."""

    code, status, template = "payload_too_large", 413, "the body is too large (max {limit_bytes} bytes)"


class IdempotencyMismatch(ApiError):
    """The Idempotency-Key was used before, with another body."""

    code, status = "idempotency_mismatch", 422
    template = "this Idempotency-Key was used for another request; use a new key for each new request"


class RateLimited(ApiError):
    """Too many requests from this address or with this key."""

    code, status = "rate_limited", 429
    template = "rate limit exceeded; try again in {retry_after_seconds} s"


class InternalError(ApiError):
    """A bug in the server; its log has the details under the request id."""

    code, status, template = "internal_error", 500, "internal server error"


class DatabaseUnavailable(ApiError):
    """The database doesn't respond. Nothing of the request was stored, unless the sentence says otherwise."""

    code, status, template = "database_unavailable", 503, "the database is unavailable; try again shortly"
    retry_after_seconds = 2


class WriteConflict(ApiError):
    """The database refused the write again and again because of others; nothing was kept."""

    code, status, template = "write_conflict", 503, "write conflict, try again"
    retry_after_seconds = 1


class ServerUnreachable(MnemosError):
    """The client got no response: the connection was refused, timed out or broke."""

    code: ClassVar[str] = "server_unreachable"


class UnexpectedResponse(MnemosError):
    """The client got a response that isn't of this contract, from a proxy for example."""

    code: ClassVar[str] = "unexpected_response"
