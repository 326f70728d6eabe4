"""What the server does, one module per verb family. Nothing here knows HTTP or SQL."""
