"""Persistence of memories: rows, current and past."""
