"""The command `mnemo-server`: runs the server, and prints a greeting at the start."""
