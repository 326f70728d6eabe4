"""Requests that may be sent again: the same request under the same key gets the same response."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Generic, TypeVar

from mnemos_contract.base import WireModel

from mnemo_server.domain.clock import MICROSECONDS

#: How long the response to a request with an Idempotency-Key is kept, in microseconds: 24 hours.
KEPT_FOR: Final = 24 * 3_600 * MICROSECONDS

M = TypeVar("M", bound=WireModel)


@dataclass(frozen=True, slots=True)
class IdempotentRequest:
    """A request that carries an Idempotency-Key."""

    key: str
    request_hash: bytes
    """SHA-256 of the body and of the headers that supply its missing fields, 32 bytes."""


@dataclass(frozen=True, slots=True)
class KeptResponse:
    """The response to the first request with a key, as it was sent."""

    request_hash: bytes
    json: bytes


class Response(Generic[M]):
    """A model of the contract and its JSON, which is serialized once, both for storing and for sending."""

    def __init__(self, model: M) -> None:
        self._model = model

    @property
    def model(self) -> M:
        """The model."""
        return self._model

    @cached_property
    def json(self) -> bytes:
        """The model as it is sent."""
        return self._model.to_json()


class RepeatedResponse(Response[M]):
    """A kept response: its JSON is sent as it is, and parsed only for callers that need the model."""

    def __init__(self, kept: KeptResponse, kind: type[M]) -> None:
        self.json = kept.json
        self._kind = kind

    @property
    def model(self) -> M:
        """The model, parsed from the kept JSON."""
        # A response nests one level deeper than its request, where pydantic's own parser would stop.
        return self._kind.model_validate(json.loads(self.json))
