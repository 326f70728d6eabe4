"""The resident search index: a cache of the database, never the only copy of anything."""
