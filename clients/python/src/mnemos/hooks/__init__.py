"""The hook runner: recall and capture for coding agents, on the standard library alone."""
