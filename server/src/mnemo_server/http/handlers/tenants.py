"""Handlers of tenants and keys."""

from __future__ import annotations

import secrets

from aiohttp import web
from mnemos_contract.errors import AccessDenied, KeyNotFound, MalformedApiKey
from mnemos_contract.routes import API_KEY_HEADER
from mnemos_contract.tenants import KeyStatus, Provisioned
from pydantic import SecretStr

from mnemo_server.domain.rate_limit import TokenBuckets
from mnemo_server.http.context import CLIENT_ADDRESS, Call, hold_to_rate, read_bearer
from mnemo_server.http.responses import json_response
from mnemo_server.services.tenants import TenantService


class TenantHandlers:
    """The routes that create a tenant and check a key."""

    def __init__(
        self, tenants: TenantService, provisions: TokenBuckets, provision_token: SecretStr | None
    ) -> None:
        self._tenants = tenants
        self._provisions = provisions
        self._provision_token = provision_token

    async def provision_tenant(self, call: Call[None]) -> web.Response:
        """Create a tenant and return its key."""
        if not bears_token(call.request, self._provision_token):
            raise AccessDenied(reason="creating a tenant requires this server's provision token")
        hold_to_rate(self._provisions, call.request[CLIENT_ADDRESS])
        key = await self._tenants.provision("tenant")
        return json_response(Provisioned(id=key), status=201)

    async def get_key_status(self, call: Call[None]) -> web.Response:
        """Return whether a key grants access to its tenant."""
        key = call.request.headers.get(API_KEY_HEADER, "").strip()
        if not key:
            raise MalformedApiKey
        record = await self._tenants.find_key(key)
        if record is None:
            raise KeyNotFound
        return json_response(KeyStatus(status="active" if record.is_active else "inactive"))


def bears_token(request: web.Request, token: SecretStr | None) -> bool:
    """Whether the request carries the bearer token; True if no token is configured."""
    if token is None:
        return True
    return secrets.compare_digest(read_bearer(request).encode(), token.get_secret_value().encode())
