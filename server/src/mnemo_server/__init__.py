"""The mnemos server: one shared, lasting memory for coding agents."""
