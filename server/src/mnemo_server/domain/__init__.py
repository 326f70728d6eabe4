"""Pure rules of the server: no I/O, no await, nothing of HTTP or SQL."""
