"""`mnemos`: starts the hook runner, the MCP server or the command line, and loads only that one."""

from __future__ import annotations

import sys


def main() -> None:
    """Run `mnemos` with the arguments of this process.

    `hook` and `mcp` are recognised before anything is imported: a host waits for both.
    """
    arguments = sys.argv[1:]
    if arguments[:1] == ["hook"]:
        from mnemos.hooks.runner import main as run_hook  # noqa: PLC0415  (standard library only)

        run_hook(arguments[1:])
    elif arguments == ["mcp"]:
        from mnemos.mcp.server import main as serve_mcp  # noqa: PLC0415  (without click)

        serve_mcp()
    else:
        from mnemos.cli import main as run_command  # noqa: PLC0415  (only when it is asked for)

        run_command()


if __name__ == "__main__":
    main()
