"""Persistence of extracted facts."""
