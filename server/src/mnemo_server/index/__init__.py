"""The resident search index: a cache of what the database knows, never the only copy of anything."""
