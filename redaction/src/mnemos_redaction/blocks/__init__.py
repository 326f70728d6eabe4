"""Secrets that span lines: private keys, and text that a user marked as private."""
