"""Installs mnemos into the agent hosts of a machine, checks that it works, and removes it again."""
