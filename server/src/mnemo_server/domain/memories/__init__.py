"""Rules of memories: creating, changing, comparing, filtering, and restoring earlier versions."""
