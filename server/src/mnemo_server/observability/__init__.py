"""Logs and metrics for the operator of a server."""
