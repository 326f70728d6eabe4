"""Reads and checks requests before a handler sees them."""
