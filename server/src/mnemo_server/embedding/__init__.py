"""Texts in, vectors out: a local model, an endpoint, or the database itself."""
