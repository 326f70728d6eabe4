"""The command line client: `mnemos store`, `search`, `get`, `update`, `delete`, `list`, `status`, `jobs`."""

from __future__ import annotations

from mnemos.cli.app import cli


def main() -> None:
    """Run the command line of this process."""
    cli(prog_name="mnemos")


__all__ = ["cli", "main"]
