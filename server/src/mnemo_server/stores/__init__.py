"""SQL repositories: query names in, domain objects out. No SQL text, no dialect, no driver."""
