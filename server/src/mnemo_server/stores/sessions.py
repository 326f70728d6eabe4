"""Sessions and their messages in SQL. Each method is one unit of work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from mnemo_server.db.database import Connection, Database
from mnemo_server.db.errors import UniqueViolation
from mnemo_server.db.queries import QuerySet
from mnemo_server.domain.idempotency import IdempotentRequest, KeptResponse, M, Response
from mnemo_server.domain.jobs import JobRequest
from mnemo_server.domain.memories.memory import Actor, StoredMemory
from mnemo_server.stores.idempotency import IdempotencyStore
from mnemo_server.stores.jobs.write import JobWriter
from mnemo_server.stores.memories.rows import to_memory
from mnemo_server.stores.memories.write import MemoryWriter
from mnemo_server.stores.records import Appended, HeldMessages, WrittenMemory

#: Number of a session's latest messages that a window without seq is compared with; more for a long window.
ALIGNMENT_REACH: Final = 5_000


class SessionStore:
    """Sessions and their messages."""

    def __init__(
        self,
        database: Database,
        sessions: QuerySet,
        writer: MemoryWriter,
        responses: IdempotencyStore,
        jobs: JobWriter,
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._writer = writer
        self._responses = responses
        self._jobs = jobs

    async def append(
        self,
        tenant_id: int,
        session_id: str,
        actor: Actor,
        now: int,
        *,
        seqs: Sequence[int] | None,
        window_length: int,
        select_new: Callable[[HeldMessages], Sequence[WrittenMemory]],
        job: Callable[[Sequence[int]], JobRequest | None],
        respond: Callable[[Appended], M],
        once: IdempotentRequest | None = None,
    ) -> tuple[Appended, Response[M]] | KeptResponse:
        """Append the messages that `select_new` chooses from the window, with the session's row locked.

        `seqs` limits the stored messages to compare with to the span of those positions; None selects the
        latest, enough to align a window of `window_length`. `job` returns the job to request for new
        messages, and `respond` the response for the caller. When the key of `once` was used before, the
        response to that request is returned instead.
        """
        session = {"tenant_id": tenant_id, "session_id": session_id}

        async def work(tx: Connection) -> tuple[Appended, Response[M]]:
            await tx.execute(self._sessions.put_session, session | {"agent_id": actor.agent_id, "now": now})
            held = await self._hold(tx, session, seqs, max(ALIGNMENT_REACH, 2 * window_length))
            written = tuple(select_new(held))
            await self._writer.insert(tx, written, actor)
            if written:
                next_seq = max(held.next_seq, *((one.memory.seq or 0) + 1 for one in written))
                counts = {"added": len(written), "next_seq": next_seq, "now": now}
                await tx.execute(self._sessions.update_session, session | counts)
            asked = job([one.memory.id for one in written]) if written else None
            job_id = None if asked is None else await self._jobs.request(tx, asked, now)
            appended = Appended(written, job_id)
            return appended, await self._responses.keep(tx, tenant_id, once, respond(appended))

        try:
            return await self._database.transact(work)
        except UniqueViolation as violation:
            return await self._responses.get(tenant_id, once, violation)

    async def measure_messages(
        self, tenant_id: int, session_ids: Sequence[str], limit_per_session: int
    ) -> int:
        """Return the size of the text that `list_messages` would return, in bytes or characters."""
        params = _latest_of(tenant_id, session_ids, limit_per_session)
        row = await self._database.fetch_one(self._sessions.measure_messages, params)
        return int(row["size"]) if row else 0

    async def list_messages(
        self, tenant_id: int, session_ids: Sequence[str], limit_per_session: int
    ) -> list[StoredMemory]:
        """Read the latest messages of each session, by session, in the order they were said."""
        params = _latest_of(tenant_id, session_ids, limit_per_session)
        return [
            to_memory(row) for row in await self._database.fetch_all(self._sessions.list_messages, params)
        ]

    async def _hold(
        self, tx: Connection, session: dict[str, Any], seqs: Sequence[int] | None, reach: int
    ) -> HeldMessages:
        """Lock the session and read the fingerprints to compare with, in the order of the messages."""
        row = await tx.fetch_one(self._sessions.lock_session, session)
        next_seq = row["next_seq"] if row else 0
        if not next_seq:
            return HeldMessages((), 0)
        if seqs is None:
            params = session | {"limit": reach}
            rows = (await tx.fetch_all(self._sessions.list_fingerprints, params))[::-1]
        else:
            span = {"first_seq": min(seqs), "last_seq": max(seqs)}
            rows = await tx.fetch_all(self._sessions.find_fingerprints, session | span)
        return HeldMessages(tuple((one["seq"], one["content_hash"]) for one in rows), next_seq)


def _latest_of(tenant_id: int, session_ids: Sequence[str], limit_per_session: int) -> dict[str, Any]:
    """Return the parameters of `measure_messages` and `list_messages`, which select the same rows."""
    return {"tenant_id": tenant_id, "session_ids": session_ids, "limit_per_session": limit_per_session}
