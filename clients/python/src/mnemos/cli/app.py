"""The command group: global options, errors as sentences, and the two commands that only hosts run."""

from __future__ import annotations

from importlib import import_module
from typing import Final

import click

import mnemos
from mnemos._generated.paths import VERSION
from mnemos.address import DEFAULT_URL, BadAddress
from mnemos.cli.failures import explain
from mnemos.cli.memories.read import get_memory, list_memories, search_memories, show_history
from mnemos.cli.memories.write import delete_memories, restore_memory, store_memory, update_memory
from mnemos.cli.refused import list_refused
from mnemos.cli.server.jobs import show_jobs
from mnemos.cli.server.recalls import show_recalls
from mnemos.cli.server.redact import redact_stored
from mnemos.cli.server.status import show_status
from mnemos.cli.server.usage import show_usage
from mnemos.cli.settings import Settings, pass_settings

_HELP = f"""One shared, lasting memory for all your agents.

\b
  mnemos store "Deploys need the VPN." --tag deploy
  mnemos search how do I deploy
  git log -1 | mnemos store - --tag release
  mnemos list --tag deploy --json

\b
Environment:
  MEM9_API_URL     address of the server (default {DEFAULT_URL})
  MEM9_API_KEY     key, as mnemo-server printed it at its first start
  MNEMOS_PROFILE   profile to use if neither is set; see `mnemos profiles`
  MNEMOS_AGENT_ID  name of the agent that stores and changes memories

\b
Exit codes: 0 success, 1 error from the server, 2 wrong usage, 3 no server.
"""


#: Commands that are only imported when used, by module and name, so that other commands start sooner.
_RARE: Final = {
    "setup": ("mnemos.cli.setup.setup", "set_up"),
    "doctor": ("mnemos.cli.setup.doctor", "examine"),
    "uninstall": ("mnemos.cli.setup.uninstall", "take_out"),
    "profiles": ("mnemos.cli.setup.profiles", "manage_profiles"),
}


class _Group(click.Group):
    """A group that prints errors of the API as one sentence on stderr, and loads rare commands when used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted({*super().list_commands(ctx), *_RARE})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, or None."""
        if cmd_name in _RARE:
            module, name = _RARE[cmd_name]
            command: click.Command = getattr(import_module(module), name)
            return command
        return super().get_command(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; errors become a sentence and an exit code."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise  # click's own; and the next lines would load the contract
        except BadAddress as error:
            raise click.UsageError(str(error)) from error
        except mnemos.MnemosError as error:
            raise explain(error) from error


@click.group(cls=_Group, help=_HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--url", metavar="URL", help="Address of the server; overrides MEM9_API_URL.")
@click.option(
    "--profile", metavar="NAME", help="Use server and key of this profile; overrides the environment."
)
@click.option("--agent", metavar="ID", help="Act as this agent; overrides MNEMOS_AGENT_ID.")
@click.version_option(VERSION, message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context, url: str | None, profile: str | None, agent: str | None) -> None:
    """Keep the global options for the command."""
    context.obj = Settings(url, agent, profile)


for _command in (
    store_memory,
    search_memories,
    get_memory,
    update_memory,
    delete_memories,
    list_memories,
    show_history,
    restore_memory,
    show_status,
    show_usage,
    show_jobs,
    show_recalls,
    redact_stored,
    list_refused,
):
    cli.add_command(_command)


@cli.command("mcp")
@pass_settings
def serve_mcp(settings: Settings) -> None:
    """Serve the five tools over MCP on stdin and stdout (run by MCP clients)."""
    from mnemos.mcp.server import main as serve  # noqa: PLC0415  (no other command needs it)

    settings.export()
    serve()


@cli.command("hook", add_help_option=False, context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@pass_settings
def run_hook(settings: Settings, arguments: tuple[str, ...]) -> None:
    """Handle a hook of an agent host (run by the plugins)."""
    from mnemos.hooks.runner import main as run  # noqa: PLC0415  (no other command needs it)

    settings.export()
    run(arguments)
