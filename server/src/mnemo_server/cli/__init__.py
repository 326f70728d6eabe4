"""The command `mnemo-server`: serving, and what it prints at its first start."""
