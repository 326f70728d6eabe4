"""Use cases of memories: store, read, update, delete, history, tags."""
