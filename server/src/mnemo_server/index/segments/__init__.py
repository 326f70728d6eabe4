"""Immutable arrays of search entries, their vectors, and how segments merge."""
