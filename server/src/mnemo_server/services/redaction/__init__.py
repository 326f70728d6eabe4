"""Redacts secrets in requests and in stored data."""
