"""Responses kept under an Idempotency-Key for a day."""

from __future__ import annotations

from typing import Final

from mnemo_server.db.database import Connection, Database
from mnemo_server.db.errors import UniqueViolation, WriteConflict
from mnemo_server.db.queries import QuerySet
from mnemo_server.domain.clock import Clock
from mnemo_server.domain.idempotency import KEPT_FOR, IdempotentRequest, KeptResponse, M, Response

#: Only successes are kept. The exact status follows from the request: the HTTP layer chooses it again.
_STATUS: Final = 200


class IdempotencyStore:
    """Keeps a response in the transaction of its change, and returns it when the key is used again."""

    def __init__(self, database: Database, queries: QuerySet, clock: Clock) -> None:
        self._database = database
        self._queries = queries
        self._clock = clock

    async def keep(
        self, tx: Connection, tenant_id: int, once: IdempotentRequest | None, model: M
    ) -> Response[M]:
        """Return the response made from a model, and keep it if the request has a key.

        Raises:
            UniqueViolation: the key was used before.
        """
        response = Response(model)
        if once is not None:
            await tx.execute(
                self._queries.put_response,
                {
                    "tenant_id": tenant_id,
                    "idempotency_key": once.key,
                    "request_hash": once.request_hash,
                    "answer_status": _STATUS,
                    "answer": response.json.decode(),
                    "created_at": self._clock(),
                },
            )
        return response

    async def find(self, tenant_id: int, once: IdempotentRequest | None) -> KeptResponse | None:
        """Return the response kept under a key; None without a key, or if it has just expired."""
        if once is None:
            return None
        params = {"tenant_id": tenant_id, "idempotency_key": once.key}
        row = await self._database.fetch_one(self._queries.find_response, params)
        if row is None or row["created_at"] < self._clock() - KEPT_FOR:
            before = {"before": self._clock() - KEPT_FOR}
            await self._database.execute(self._queries.remove_response, params | before)
            return None
        return KeptResponse(row["request_hash"], row["answer"].encode())

    async def get(
        self, tenant_id: int, once: IdempotentRequest | None, cause: UniqueViolation
    ) -> KeptResponse:
        """Return the response whose key made a change fail.

        Raises:
            WriteConflict: nothing is kept under this key, so the cause was something else, such as two equal
                ids; a retry of the whole request will succeed.
        """
        kept = await self.find(tenant_id, once)
        if kept is None:
            raise WriteConflict("two rows got the same key") from cause
        return kept
