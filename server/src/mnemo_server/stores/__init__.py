"""Stores: named queries in, domain objects out. No SQL text, no dialect, no driver."""
