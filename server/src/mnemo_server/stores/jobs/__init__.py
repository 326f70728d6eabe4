"""Persistence of jobs."""
