"""The Idempotency-Key of a request, and the fingerprint that distinguishes requests."""

from __future__ import annotations

import hashlib

from aiohttp import web
from mnemos_contract.errors import InvalidRequest
from mnemos_contract.limits import MAX_IDEMPOTENCY_KEY_CHARACTERS
from mnemos_contract.routes import IDEMPOTENCY_HEADER

from mnemo_server.domain.idempotency import IdempotentRequest
from mnemo_server.services.caller import Caller


async def read_key(request: web.Request, caller: Caller, purpose: str) -> IdempotentRequest | None:
    """Read the key, with a fingerprint of the purpose, the body and the headers that supply defaults for it.

    Raises:
        InvalidRequest: the key is too long.
    """
    key = request.headers.get(IDEMPOTENCY_HEADER, "").strip()
    if not key:
        return None
    if len(key) > MAX_IDEMPOTENCY_KEY_CHARACTERS:
        reason = f"too long (max {MAX_IDEMPOTENCY_KEY_CHARACTERS} characters)"
        raise InvalidRequest(field=IDEMPOTENCY_HEADER, reason=reason)
    names = (purpose, caller.agent_id, caller.project, caller.session_id)
    told = "\0".join(name or "" for name in names)
    return IdempotentRequest(key, hashlib.sha256(told.encode() + b"\0" + await request.read()).digest())
