"""All stores on one database."""

from __future__ import annotations

from dataclasses import dataclass

from mnemo_server.db.database import Database
from mnemo_server.db.queries import load_queries
from mnemo_server.domain.clock import Clock
from mnemo_server.domain.ids import IdSource
from mnemo_server.stores.enrichment.store import SqlEnrichmentStore
from mnemo_server.stores.idempotency import AnswerBook
from mnemo_server.stores.installation import SqlInstallationStore
from mnemo_server.stores.jobs.store import SqlJobStore
from mnemo_server.stores.jobs.write import JobWriter
from mnemo_server.stores.memories.create import MemoryCreator
from mnemo_server.stores.memories.current import Places
from mnemo_server.stores.memories.history import SqlHistoryStore
from mnemo_server.stores.memories.restore import MemoryRestorer
from mnemo_server.stores.memories.store import SqlMemoryStore
from mnemo_server.stores.memories.write import MemoryWriter
from mnemo_server.stores.redaction import SqlRedactionStore
from mnemo_server.stores.search_entries import SqlEntrySource
from mnemo_server.stores.sessions import SqlSessionStore
from mnemo_server.stores.tenants import SqlTenantStore
from mnemo_server.stores.usage import SqlUsageStore
from mnemo_server.stores.vectors import SqlVectorStore


@dataclass(frozen=True, slots=True)
class Stores:
    """The stores of one database."""

    memories: SqlMemoryStore
    history: SqlHistoryStore
    sessions: SqlSessionStore
    tenants: SqlTenantStore
    entries: SqlEntrySource
    vectors: SqlVectorStore
    installation: SqlInstallationStore
    jobs: SqlJobStore
    enrichment: SqlEnrichmentStore
    usage: SqlUsageStore
    redaction: SqlRedactionStore


def open_stores(database: Database, ids: IdSource, clock: Clock) -> Stores:
    """Give each store its queries, in the words of this database."""
    memories = load_queries("memories", database.variant)
    entries = load_queries("search_entries", database.variant)
    tenants = load_queries("tenants", database.variant)
    history = load_queries("history", database.variant)
    answers = AnswerBook(database, tenants, clock)
    writer = MemoryWriter(memories, entries, ids)
    places = Places(memories)
    jobs = load_queries("jobs", database.variant)
    job_writer = JobWriter(jobs, ids)
    creator = MemoryCreator(database, writer, places, answers=answers, jobs=job_writer, clock=clock)
    restorer = MemoryRestorer(database, history, writer, places, answers=answers, clock=clock)
    memory_store = SqlMemoryStore(database, memories, entries, writer, creator)
    sessions = load_queries("sessions", database.variant)
    return Stores(
        memories=memory_store,
        history=SqlHistoryStore(database, history, memory_store, restorer),
        sessions=SqlSessionStore(database, sessions, writer, answers, job_writer),
        tenants=SqlTenantStore(database, tenants),
        entries=SqlEntrySource(database, entries),
        vectors=SqlVectorStore(database, load_queries("vectors", database.variant), entries),
        installation=SqlInstallationStore(database, load_queries("installation", database.variant)),
        jobs=SqlJobStore(database, jobs, job_writer),
        enrichment=SqlEnrichmentStore(
            database, memories, writer=writer, creator=creator, places=places, jobs=job_writer
        ),
        usage=SqlUsageStore(database, load_queries("usage", database.variant)),
        redaction=SqlRedactionStore(
            database,
            load_queries("redaction", database.variant),
            memories,
            entries,
            writer=writer,
            places=places,
            jobs=job_writer,
        ),
    )
