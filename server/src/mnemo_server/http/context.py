"""The arguments of handlers, and the admission of callers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from aiohttp import web
from mnemos_contract.base import WireModel
from mnemos_contract.errors import InvalidApiKey, InvalidRequest, MissingApiKey, RateLimited, TenantNotFound
from mnemos_contract.limits import MAX_NAME_CHARACTERS
from mnemos_contract.routes import AGENT_HEADER, API_KEY_HEADER, PROJECT_HEADER, SESSION_HEADER

from mnemo_server.domain.rate_limit import TokenBuckets
from mnemo_server.services.caller import Caller
from mnemo_server.services.tenants import TenantService

#: The id under which a request is logged, stored on the request.
REQUEST_ID: Final = web.RequestKey("request_id", str)
#: The caller's address, stored on the request.
CLIENT_ADDRESS: Final = web.RequestKey("client_address", str)

Sent = TypeVar("Sent", bound=WireModel | None)


@dataclass(frozen=True, slots=True)
class Call(Generic[Sent]):
    """A request that has been read and validated."""

    request: web.Request
    #: The body or the query string, depending on the route; None if it takes neither.
    sent: Sent

    @property
    def path(self) -> dict[str, str]:
        """The path parameters, by name."""
        return dict(self.request.match_info)


@dataclass(frozen=True, slots=True)
class TenantCall(Call[Sent]):
    """A request with a valid key."""

    caller: Caller


class Admission:
    """Authenticates callers by their key, and limits the rate of each key."""

    def __init__(self, tenants: TenantService, buckets: TokenBuckets) -> None:
        self._tenants = tenants
        self._buckets = buckets

    async def admit(self, request: web.Request, *, takes_bearer: bool = False) -> Caller:
        """Return the caller. If `takes_bearer`, the key may also come as Authorization: Bearer.

        Raises:
            MissingApiKey, InvalidApiKey, TenantNotFound: the errors of v1alpha2 and v1alpha1 for bad keys.
            RateLimited: this key is used too often.
        """
        in_path = request.match_info.get("api_key")
        key = (in_path or request.headers.get(API_KEY_HEADER) or "").strip()
        if not key and takes_bearer:
            key = read_bearer(request)
        if not key:
            raise MissingApiKey
        record = await self._tenants.find_key(key)
        if record is None or not record.is_active:
            raise TenantNotFound if in_path else InvalidApiKey
        hold_to_rate(self._buckets, record.key_id)
        return Caller(
            tenant_id=record.tenant_id,
            key_id=record.key_id,
            request_id=request[REQUEST_ID],
            agent_id=name_header(request, AGENT_HEADER),
            project=name_header(request, PROJECT_HEADER),
            session_id=name_header(request, SESSION_HEADER),
        )


def read_bearer(request: web.Request) -> str:
    """Return the token of `Authorization: Bearer`; "" if there is none."""
    scheme, _, token = request.headers.get("Authorization", "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def hold_to_rate(buckets: TokenBuckets, name: object) -> None:
    """Take a token from the bucket of `name`.

    Raises:
        RateLimited: the bucket is empty.
    """
    wait_seconds = buckets.take(name)
    if wait_seconds:
        raise RateLimited(retry_after_seconds=wait_seconds, limit=buckets.burst)


def name_header(request: web.Request, header: str) -> str | None:
    """Read a header that contains a name.

    Raises:
        InvalidRequest: it is too long.
    """
    value = request.headers.get(header)
    if value is None:
        return None
    value = value.strip()
    if len(value) > MAX_NAME_CHARACTERS:
        raise InvalidRequest(field=header, reason=f"too long (max {MAX_NAME_CHARACTERS} characters)")
    return value or None
