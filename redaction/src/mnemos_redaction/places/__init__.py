"""Secrets at places where they are expected: URLs, headers, commands and configuration files."""
