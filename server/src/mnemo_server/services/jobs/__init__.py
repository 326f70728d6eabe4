"""Runs durable jobs: claims, leases, retries, status."""
