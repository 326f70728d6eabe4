"""Putting mnemos into the agent hosts of a machine, looking whether it works, and taking it out again."""
