"""All stores on one database."""

from __future__ import annotations

from dataclasses import dataclass

from mnemo_server.db.database import Database
from mnemo_server.db.queries import load_queries
from mnemo_server.domain.clock import Clock
from mnemo_server.domain.ids import IdSource
from mnemo_server.stores.answers import AnswerBook
from mnemo_server.stores.memories import SqlMemoryStore
from mnemo_server.stores.search_entries import SqlEntrySource
from mnemo_server.stores.sessions import SqlSessionStore
from mnemo_server.stores.tenants import SqlTenantStore
from mnemo_server.stores.usage import SqlUsageStore
from mnemo_server.stores.vectors import SqlVectorStore
from mnemo_server.stores.writing import MemoryWriter


@dataclass(frozen=True, slots=True)
class Stores:
    """The stores of one database."""

    memories: SqlMemoryStore
    sessions: SqlSessionStore
    tenants: SqlTenantStore
    entries: SqlEntrySource
    vectors: SqlVectorStore
    usage: SqlUsageStore


def open_stores(database: Database, ids: IdSource, clock: Clock) -> Stores:
    """Give each store its queries, in the words of this database."""
    memories = load_queries("memories", database.variant)
    entries = load_queries("search_entries", database.variant)
    tenants = load_queries("tenants", database.variant)
    answers = AnswerBook(database, tenants, clock)
    writer = MemoryWriter(memories, entries, ids)
    return Stores(
        memories=SqlMemoryStore(database, memories, entries, writer, answers),
        sessions=SqlSessionStore(database, load_queries("sessions", database.variant), writer, answers),
        tenants=SqlTenantStore(database, tenants),
        entries=SqlEntrySource(database, entries),
        vectors=SqlVectorStore(database, load_queries("vectors", database.variant), entries),
        usage=SqlUsageStore(database, load_queries("usage", database.variant)),
    )
