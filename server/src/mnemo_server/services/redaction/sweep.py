"""Redacts everything that a tenant has stored, or only counts its secrets: jobs of kind `redact`.

A run processes a few hundred rows and records its position in the job's detail. Its writes and that detail
are one transaction, so an interrupted sweep continues where it was and counts nothing twice. Memories come
before events: a change of a memory that still has its secret copies the secret into an event, but once all
memories are clean, no later change does.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from mnemos_contract.errors import InvalidRequest
from mnemos_contract.jobs import Job, RedactRequest

from mnemo_server.domain.clock import Clock
from mnemo_server.domain.jobs import Again, ClaimedJob, Detail, Done, JobRequest, JobResult
from mnemo_server.domain.memories.memory import StoredMemory, likeness_of, next_version
from mnemo_server.index.resident.cache import SearchIndex
from mnemo_server.services.caller import Caller
from mnemo_server.services.embedding.service import EmbeddingService
from mnemo_server.services.indexing import index_memory
from mnemo_server.services.jobs.run import Progress
from mnemo_server.services.jobs.status import JobService
from mnemo_server.services.redaction.requests import Redactor, Scrubber
from mnemo_server.services.redaction.stored import scrub_memory, scrub_text
from mnemo_server.stores.jobs.store import JobStore
from mnemo_server.stores.redaction import REDACTOR, KeptTexts, RedactionStore, Rewrite, Texts

REDACT: Final = "redact"
EVERYTHING: Final = "everything"
DRY_RUN: Final = "everything, dry run"
#: Rows that one run processes.
ROWS: Final = 200
#: Maximum number of memories written in one transaction, and of characters of their texts in total.
_WRITTEN: Final = 50
_WRITTEN_CHARACTERS: Final = 1_000_000
_MEMORIES: Final = "memories"
#: What is swept, in this order.
_PLACES: Final = (
    Texts.SESSIONS.value,
    _MEMORIES,
    Texts.EVENTS.value,
    Texts.RESPONSES.value,
    Texts.JOBS.value,
    Texts.RECALLS.value,
)
_NAMED: Final = (Texts.SESSIONS.value, Texts.RESPONSES.value)  # places whose keys are texts


@dataclass(frozen=True, slots=True)
class SweepState:
    """How far a sweep has come, and what it has found."""

    dry_run: bool
    found: Counter[str] = field(default_factory=Counter)
    changed: int = 0
    place: str = _PLACES[0]
    after: str = ""
    """The key of the last processed row of this place; empty at its beginning."""
    done: int = 0
    total: int = 0
    """Processed rows, and rows that existed when the sweep began; `total` is 0 before that."""

    @classmethod
    def read(cls, job: ClaimedJob) -> SweepState:
        """Read the state from a job's target and detail."""
        detail: dict[str, Any] = job.detail
        return cls(
            dry_run=job.target == DRY_RUN,
            found=Counter(detail.get("found", {})),
            changed=detail.get("changed", 0),
            **detail.get("at", {}),
        )

    @property
    def key(self) -> int | str:
        """The key of the last processed row, in the type of its column."""
        return self.after if self.place in _NAMED else int(self.after or 0)

    @property
    def result(self) -> Detail:
        """The result so far."""
        return {"dry_run": self.dry_run, "found": dict(sorted(self.found.items())), "changed": self.changed}

    @property
    def detail(self) -> Detail:
        """Everything that the next run needs to continue."""
        at = {"place": self.place, "after": self.after, "done": self.done, "total": self.total}
        return {**self.result, "at": at}

    def add(self, found: Counter[str], changed: int) -> SweepState:
        """Add to the counts. A dry run changes nothing."""
        return replace(
            self, found=self.found + found, changed=self.changed + (0 if self.dry_run else changed)
        )

    def go_on(self, keys: Sequence[int | str]) -> SweepState | None:
        """Move past rows, and to the next place after fewer than a full run; None after the last place."""
        state = replace(self, done=self.done + len(keys))
        if len(keys) == ROWS:
            return replace(state, after=str(keys[-1]))
        following = _PLACES[_PLACES.index(self.place) + 1 :]
        return replace(state, place=following[0], after="") if following else None


class RedactionSweep:
    """Requests sweeps, and runs them."""

    def __init__(
        self,
        redactor: Redactor,
        store: RedactionStore,
        *,
        jobs: JobStore,
        status: JobService,
        wake: Callable[[int], None],
        index: SearchIndex,
        embedding: EmbeddingService,
        clock: Clock,
    ) -> None:
        self._redactor = redactor
        self._store = store
        self._jobs = jobs
        self._status = status
        self._wake = wake
        self._index = index
        self._embedding = embedding
        self._clock = clock

    async def ask(self, caller: Caller, request: RedactRequest) -> Job:
        """Request a sweep of everything that a tenant has stored; one in progress starts from scratch.

        Raises:
            InvalidRequest: redaction is switched off on this server.
        """
        if not self._redactor.is_on:
            raise InvalidRequest(
                "This server doesn't look for secrets: it was started with MNEMO_REDACT=false.",
                field="dry_run",
            )
        state = SweepState(request.dry_run)
        asked = JobRequest(
            caller.tenant_id, REDACT, DRY_RUN if request.dry_run else EVERYTHING, detail=state.result
        )
        job_id = await self._jobs.request(asked, self._clock())
        self._wake(caller.tenant_id)
        return await self._status.read(caller, job_id)

    async def work(self, job: ClaimedJob, progress: Progress) -> JobResult:
        """Process the next rows of a sweep.

        Raises:
            JobLost: another server has taken the job over.
        """
        state = SweepState.read(job)
        if not state.total:
            state = replace(state, total=await self._store.count(job.tenant_id))
        if state.place == _MEMORIES:
            state, keys = await self._sweep_memories(job, state)
        else:
            state, keys = await self._sweep_texts(job, state)
        following = state.go_on(keys)
        done = state.done + len(keys)
        # Rows are added and removed during the sweep.
        await progress(done, done if following is None else max(done, state.total))
        return Done(state.result) if following is None else Again(following.detail)

    async def _sweep_memories(self, job: ClaimedJob, state: SweepState) -> tuple[SweepState, list[int | str]]:
        memories = await self._store.list_memories(job.tenant_id, int(state.key), ROWS)
        rewrites = await asyncio.to_thread(lambda: [one for one in map(self._clean, memories) if one])
        if state.dry_run:
            return state.add(_sum_found(rewrites), 0), [one.id for one in memories]
        for part in _divide(rewrites):
            state = await self._rewrite(job, state, part)
        return state, [one.id for one in memories]

    async def _rewrite(self, job: ClaimedJob, state: SweepState, part: Sequence[Rewrite]) -> SweepState:
        """Write some redacted memories; return the new counts, with the position still before these rows."""
        states = [state]
        written: list[Rewrite] = []

        def note(applied: Sequence[Rewrite]) -> Detail:
            written[:] = applied
            states[0] = state.add(_sum_found(applied), len(applied))
            return states[0].detail

        entries = await self._store.rewrite_memories(job, part, self._clean, note, self._clock())
        self._index.note(job.tenant_id, entries)
        self._embedding.note([one.written for one in written if one.written.entry.is_active])
        return states[0]

    async def _sweep_texts(self, job: ClaimedJob, state: SweepState) -> tuple[SweepState, list[int | str]]:
        where = Texts(state.place)
        rows = await self._store.list_texts(job.tenant_id, where, state.key, ROWS)
        scrubber = self._open_scrubber()
        cleaned = await asyncio.to_thread(lambda: [_clean_texts(row, scrubber) for row in rows])
        changed = [after for before, after in zip(rows, cleaned, strict=True) if after.texts != before.texts]
        state = state.add(scrubber.found, len(changed))
        if changed and not state.dry_run:
            await self._store.rewrite_texts(job, where, changed, state.detail, self._clock())
        return state, [row.key for row in rows]

    def _clean(self, memory: StoredMemory) -> Rewrite | None:
        """Return the redacted version of a memory; None if it has no secrets."""
        scrubber = self._open_scrubber()
        scrubbed = scrub_memory(memory, scrubber)
        if scrubbed is memory:
            return None
        revised = next_version(scrubbed, agent_id=REDACTOR, now=self._clock())
        alone = None
        if revised.subject and (revised.subject, revised.project) != (memory.subject, memory.project):
            bare = replace(revised, subject=None)
            alone = index_memory(replace(bare, likeness=likeness_of(bare)))
        return Rewrite(memory, index_memory(revised), alone, scrubber.found)

    def _open_scrubber(self) -> Scrubber:
        scrubber = self._redactor.open_scrubber()
        assert scrubber is not None  # noqa: S101 - only servers that look for secrets work on sweeps
        return scrubber


def _clean_texts(row: KeptTexts, scrubber: Scrubber) -> KeptTexts:
    return replace(row, texts={name: scrub_text(text, scrubber) for name, text in row.texts.items()})


def _sum_found(rewrites: Sequence[Rewrite]) -> Counter[str]:
    return sum((one.found for one in rewrites), Counter[str]())


def _divide(rewrites: Sequence[Rewrite]) -> Iterator[list[Rewrite]]:
    """Divide rewrites into transactions of a size that every database accepts."""
    part: list[Rewrite] = []
    characters = 0
    for rewrite in rewrites:
        size = len(rewrite.written.memory.content) + len(rewrite.written.memory.metadata or "")
        if part and (len(part) == _WRITTEN or characters + size > _WRITTEN_CHARACTERS):
            yield part
            part, characters = [], 0
        part.append(rewrite)
        characters += size
    if part:
        yield part
