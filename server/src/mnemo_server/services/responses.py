"""Responses to requests that may carry an Idempotency-Key."""

from __future__ import annotations

from mnemos_contract.errors import IdempotencyMismatch

from mnemo_server.domain.idempotency import IdempotentRequest, KeptResponse, M, RepeatedResponse


def repeat(kept: KeptResponse, once: IdempotentRequest | None, kind: type[M]) -> RepeatedResponse[M]:
    """Return the kept response to a repeated request.

    Raises:
        IdempotencyMismatch: the key was used for a different request.
    """
    if once is None or kept.request_hash != once.request_hash:
        raise IdempotencyMismatch
    return RepeatedResponse(kept, kind)
