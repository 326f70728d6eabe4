"""Secrets known by where they stand: in URLs, headers, commands and configuration files."""
