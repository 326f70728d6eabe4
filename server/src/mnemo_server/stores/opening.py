"""All stores of one database."""

from __future__ import annotations

from dataclasses import dataclass

from mnemo_server.db.database import Database
from mnemo_server.db.queries import load_queries
from mnemo_server.domain.clock import Clock
from mnemo_server.domain.ids import IdSource
from mnemo_server.stores.enrichment.store import EnrichmentStore
from mnemo_server.stores.idempotency import IdempotencyStore
from mnemo_server.stores.installation import InstallationStore
from mnemo_server.stores.jobs.store import JobStore
from mnemo_server.stores.jobs.write import JobWriter
from mnemo_server.stores.memories.create import MemoryCreator
from mnemo_server.stores.memories.current import CurrentMemories
from mnemo_server.stores.memories.history import HistoryStore
from mnemo_server.stores.memories.restore import MemoryRestorer
from mnemo_server.stores.memories.store import MemoryStore
from mnemo_server.stores.memories.write import MemoryWriter
from mnemo_server.stores.recalls import RecallStore
from mnemo_server.stores.redaction import RedactionStore
from mnemo_server.stores.search_entries import SqlEntrySource
from mnemo_server.stores.sessions import SessionStore
from mnemo_server.stores.tenants import TenantStore
from mnemo_server.stores.usage import UsageStore
from mnemo_server.stores.vectors import VectorStore


@dataclass(frozen=True, slots=True)
class Stores:
    """The stores of one database."""

    memories: MemoryStore
    creator: MemoryCreator
    history: HistoryStore
    restorer: MemoryRestorer
    sessions: SessionStore
    tenants: TenantStore
    entries: SqlEntrySource
    vectors: VectorStore
    installation: InstallationStore
    jobs: JobStore
    enrichment: EnrichmentStore
    usage: UsageStore
    redaction: RedactionStore
    recalls: RecallStore


def open_stores(database: Database, ids: IdSource, clock: Clock) -> Stores:
    """Open all stores with their queries in the dialect of this database."""
    memories = load_queries("memories", database.variant)
    entries = load_queries("search_entries", database.variant)
    tenants = load_queries("tenants", database.variant)
    history = load_queries("history", database.variant)
    responses = IdempotencyStore(database, tenants, clock)
    writer = MemoryWriter(memories, entries, ids)
    current_memories = CurrentMemories(memories)
    jobs = load_queries("jobs", database.variant)
    job_writer = JobWriter(jobs, ids)
    creator = MemoryCreator(
        database, writer, current_memories, responses=responses, jobs=job_writer, clock=clock
    )
    restorer = MemoryRestorer(database, history, writer, current_memories, responses=responses, clock=clock)
    memory_store = MemoryStore(database, memories, entries, writer)
    sessions = load_queries("sessions", database.variant)
    return Stores(
        memories=memory_store,
        creator=creator,
        history=HistoryStore(database, history, memory_store),
        restorer=restorer,
        sessions=SessionStore(database, sessions, writer, responses, job_writer),
        tenants=TenantStore(database, tenants),
        entries=SqlEntrySource(database, entries),
        vectors=VectorStore(database, load_queries("vectors", database.variant), entries),
        installation=InstallationStore(database, load_queries("installation", database.variant)),
        jobs=JobStore(database, jobs, job_writer),
        enrichment=EnrichmentStore(
            database,
            memories,
            writer=writer,
            creator=creator,
            current_memories=current_memories,
            jobs=job_writer,
        ),
        usage=UsageStore(database, load_queries("usage", database.variant)),
        redaction=RedactionStore(
            database,
            load_queries("redaction", database.variant),
            memories,
            entries,
            writer=writer,
            current_memories=current_memories,
            jobs=job_writer,
        ),
        recalls=RecallStore(database, load_queries("recalls", database.variant)),
    )
