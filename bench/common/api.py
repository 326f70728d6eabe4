"""Requests that every benchmark needs."""

from __future__ import annotations

from mnemos_contract.routes import V1ALPHA2_BASE
from mnemos_contract.tenants import Provisioned

from bench.common.client import Address, HttpConnection, fetch

MEMORIES = f"{V1ALPHA2_BASE}/memories"
SESSION_MESSAGES = f"{V1ALPHA2_BASE}/session-messages"


async def provision(connection: HttpConnection, server: Address) -> Address:
    """Create a tenant and return the address with its key."""
    body = await fetch(connection, server.request("POST", "/v1alpha1/mem9s"), 201)
    return Address(server.host, server.port, Provisioned.model_validate_json(body).id)
