"""The use cases of the server, one module per group of operations. Nothing here knows HTTP or SQL."""
