"""Indexes of tenants in memory: loading, refreshing, evicting."""
