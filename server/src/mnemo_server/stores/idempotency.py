"""Answers kept under an Idempotency-Key for a day."""

from __future__ import annotations

from mnemo_server.db.database import Connection, Database
from mnemo_server.db.errors import UniqueViolation, WriteConflict
from mnemo_server.db.queries import QuerySet
from mnemo_server.domain.clock import Clock
from mnemo_server.stores.records import ANSWERS_KEPT_FOR, Answer, KeptAnswer, Receipt


class AnswerBook:
    """Keeps an answer in the transaction of its change, and finds it when the key comes again."""

    def __init__(self, database: Database, queries: QuerySet, clock: Clock) -> None:
        self._database = database
        self._queries = queries
        self._clock = clock

    async def keep(self, tx: Connection, tenant_id: int, receipt: Receipt | None) -> None:
        """Keep the answer, if there is one to keep.

        Raises:
            UniqueViolation: the key was used before.
        """
        if receipt is None:
            return
        await tx.execute(
            self._queries.put_answer,
            {
                "tenant_id": tenant_id,
                "idempotency_key": receipt.key,
                "request_hash": receipt.request_hash,
                "answer_status": receipt.answer.status,
                "answer": receipt.answer.body,
                "created_at": self._clock(),
            },
        )

    async def find(self, tenant_id: int, key: str | None) -> KeptAnswer | None:
        """Give the answer kept under a key; None without one, and when it has just expired."""
        if key is None:
            return None
        params = {"tenant_id": tenant_id, "idempotency_key": key}
        row = await self._database.fetch_one(self._queries.find_answer, params)
        if row is None or row["created_at"] < self._clock() - ANSWERS_KEPT_FOR:
            before = {"before": self._clock() - ANSWERS_KEPT_FOR}
            await self._database.execute(self._queries.remove_answer, params | before)
            return None
        return KeptAnswer(row["request_hash"], Answer(row["answer_status"], row["answer"]))

    async def recall(self, tenant_id: int, key: str | None, cause: UniqueViolation) -> KeptAnswer:
        """Give the answer that stood in the way of a change.

        Raises:
            WriteConflict: nothing is kept under this key, so something else stood in the way, such as two
                equal ids; a repeat of the whole request will pass.
        """
        kept = await self.find(tenant_id, key)
        if kept is None:
            raise WriteConflict("two rows got the same key") from cause
        return kept
