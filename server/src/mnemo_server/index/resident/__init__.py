"""Indexes of tenants in memory: loaded, refreshed, evicted."""
