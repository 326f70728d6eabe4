"""Secrets that span lines: private keys and what a user marked as private."""
