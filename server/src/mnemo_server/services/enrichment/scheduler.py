"""Requests enrichment when something is stored: the job, and its status in the response."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from mnemos_contract.jobs import Enrichment

from mnemo_server.domain.clock import MICROSECONDS, Clock
from mnemo_server.domain.ids import encode_id
from mnemo_server.domain.jobs import JobRequest

ENRICH: Final = "enrich"


class EnrichmentScheduler:
    """Requests enrichment if a language model is configured; otherwise it requests nothing."""

    def __init__(
        self, clock: Clock, *, is_on: bool, delay_seconds: float, wake: Callable[[int], None]
    ) -> None:
        """Take how long a session must be quiet before its job runs, and a function that wakes the runner."""
        self._clock = clock
        self._is_on = is_on
        self._delay_us = round(delay_seconds * MICROSECONDS)
        self._wake = wake
        self._waits_until: dict[int, int] = {}  # tenants over their budget, and until when

    def request_for_session(
        self, tenant_id: int, session_id: str, message_ids: Sequence[int]
    ) -> JobRequest | None:
        """Return the job to request in the transaction that stores messages.

        It runs once the session has been quiet for a while: fewer, fuller requests to a model cost less.
        """
        if not self._is_on:
            return None
        run_at = self._clock() + self._delay_us
        return JobRequest(tenant_id, ENRICH, f"session:{session_id}", tuple(message_ids), run_at)

    def request_for_memory(self, tenant_id: int, memory_id: int) -> JobRequest | None:
        """Return the job to request in the transaction that stores a memory."""
        if not self._is_on:
            return None
        return JobRequest(tenant_id, ENRICH, f"memory:{encode_id(memory_id)}", (memory_id,))

    def describe(self, tenant_id: int, job_id: int | None) -> Enrichment | None:
        """Return the enrichment status of a store that requested this job; None if it requested none."""
        if job_id is None:
            return None
        is_over = self._waits_until.get(tenant_id, 0) > self._clock()
        return Enrichment.SKIPPED_BUDGET if is_over else Enrichment.QUEUED

    def note(self, tenant_id: int, job_id: int | None) -> None:
        """Wake the job runner for a requested job; call this after the commit."""
        if job_id is not None:
            self._wake(tenant_id)

    def note_over_budget(self, tenant_id: int, until: int) -> None:
        """Remember that a tenant's budget is used up until the given time, in microseconds UTC."""
        self._waits_until[tenant_id] = until
