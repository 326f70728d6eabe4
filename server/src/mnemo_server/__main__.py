"""The command `mnemo-server`: serve, migrate, provision."""

from __future__ import annotations

import argparse
import asyncio
import errno
import os
import sys
from typing import Final

import structlog
from pydantic import ValidationError

from mnemo_server.app import open_services
from mnemo_server.cli.serving import serve
from mnemo_server.cli.unknown_variables import describe_unknown
from mnemo_server.db.errors import BadDsn, DatabaseError, SchemaMismatch
from mnemo_server.http.handlers.service import VERSION
from mnemo_server.observability.metrics import configure_logging
from mnemo_server.settings import DEFAULT_PORT, Settings

#: Exit codes: what a supervisor can tell apart.
EXIT_CONFIGURATION: Final = 2
EXIT_DATABASE: Final = 3
EXIT_SCHEMA: Final = 4
EXIT_ADDRESS: Final = 5

_log = structlog.get_logger("mnemo")


def main() -> None:
    """Run one command and exit with its code; expected errors are one sentence on standard error."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        settings = Settings()
        configure_logging(settings.log_level, settings.log_format)
        for sentence in describe_unknown(os.environ):
            _log.warning("unknown variable", problem=sentence)
        asyncio.run(options.command(settings, options))
    except ValidationError as error:
        return _fail(_explain_settings(error), EXIT_CONFIGURATION)
    except BadDsn as error:
        return _fail(f"MNEMO_DSN: {error}", EXIT_CONFIGURATION)
    except SchemaMismatch as error:
        return _fail(str(error), EXIT_SCHEMA)
    except DatabaseError as error:
        return _fail(str(error), EXIT_DATABASE)
    except OSError as error:
        return _fail(_explain_address(error, settings.port), EXIT_ADDRESS)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mnemo-server",
        description="The mnemos server: one shared, lasting memory for coding agents.",
        epilog="Settings are environment variables such as MNEMO_DSN: see docs/configuration.md.",
    )
    parser.add_argument("--version", action="version", version=f"mnemo-server {VERSION}")
    parser.set_defaults(command=_serve)
    commands = parser.add_subparsers(title="commands", metavar="")
    commands.add_parser("serve", help="run the server (the default)").set_defaults(command=_serve)
    commands.add_parser("migrate", help="bring the database's tables up to date").set_defaults(
        command=_migrate
    )
    provision = commands.add_parser("provision", help="create a tenant and print its key")
    provision.add_argument("--name", default="tenant", help="name of the tenant")
    provision.set_defaults(command=_provision)
    return parser


async def _serve(settings: Settings, _options: argparse.Namespace) -> None:
    await serve(settings)


async def _migrate(settings: Settings, _options: argparse.Namespace) -> None:
    async with open_services(settings.model_copy(update={"auto_migrate": True})) as services:
        print(f"the tables are up to date ({services.database.engine})")  # noqa: T201 - the command's result


async def _provision(settings: Settings, options: argparse.Namespace) -> None:
    async with open_services(settings) as services:
        print(await services.tenants.provision(options.name))  # noqa: T201 - the command's result


def _explain_settings(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    name = "_".join(str(part) for part in first["loc"]).upper()
    return f"MNEMO_{name.removeprefix('MNEMO_')}: {first['msg']}"


def _explain_address(error: OSError, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        common = f"; many programs use {port}" if port == DEFAULT_PORT else ""
        return (
            f"port {port} is in use by another mnemo-server or other software{common}; "
            "set MNEMO_PORT to a free one"
        )
    return f"can't listen on this address: {error.strerror}; set MNEMO_HOST and MNEMO_PORT"


def _fail(sentence: str, code: int) -> int:
    print(f"mnemo-server: {sentence}", file=sys.stderr)  # noqa: T201 - for people
    return code


if __name__ == "__main__":
    main()
