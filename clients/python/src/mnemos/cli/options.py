"""Options that several commands share, and how to read their values."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any, Final, ParamSpec

import click

P = ParamSpec("P")


class JsonValue(click.ParamType[Any]):
    """A value given as JSON."""

    name = "json"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse the text."""
        try:
            return json.loads(value)
        except ValueError:
            self.fail(f"{value!r} isn't valid JSON; for example: '{{\"ticket\": 42}}'", param, ctx)


tag_option = click.option("--tag", "tags", multiple=True, metavar="TAG", help="Tag; may be repeated.")
source_option = click.option("--source", metavar="TEXT", help="Where the memory comes from.")
suggest_option = click.option(
    "--suggest-tags", is_flag=True, default=None, help="Show tags of similar memories; sets none of them."
)
metadata_option = click.option(
    "--metadata", type=JsonValue(), metavar="JSON", help="JSON to keep with the memory."
)

_TYPES: Final = ["pinned", "insight", "session"]
_FILTERS: Final[tuple[Callable[[Any], Any], ...]] = (
    click.option(
        "--tag", "tags", multiple=True, metavar="TAG", help="Only with this tag; repeated: with all of them."
    ),
    click.option(
        "--type", "memory_type", multiple=True, metavar="TYPE", type=click.Choice(_TYPES),
        help="Only pinned, insight or session; repeated: any of them.",
    ),
    click.option("--agent", "agent_id", metavar="ID", help="Only of this agent."),
    click.option("--session", "session_id", metavar="ID", help="Only from this session."),
    click.option("--project", metavar="NAME", help="Only of this project."),
    click.option("--subject", metavar="NAME", help="Only with this subject."),
    click.option("--source", metavar="TEXT", help="Only from this source."),
    click.option("--as-of", metavar="TIME", help="As of this time: 2026-11-24 or 2026-11-24T10:00:00Z."),
    click.option(
        "--superseded", "include_superseded", is_flag=True, default=None,
        help="Include superseded memories.",
    ),
    click.option("--limit", type=click.IntRange(1, 200), metavar="N", help="At most N (1-200); default 10."),
    click.option("--offset", type=click.IntRange(0), metavar="N", help="Skip the first N."),
)  # fmt: skip


def filter_options(command: Callable[P, None]) -> Callable[P, None]:
    """Add the filters that `search` and `list` share."""
    for option in reversed(_FILTERS):
        command = option(command)
    return command


def examples(*lines: str) -> str:
    r"""Return the examples for a command's help; `\b` preserves the lines."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])


def given(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options that were set; the server decides the others."""
    return {name: value for name, value in options.items() if value is not None and value != ()}


def read_text(text: str) -> str:
    """Return the text, or for `-` the text from stdin without trailing newlines."""
    return sys.stdin.read().rstrip("\n") if text == "-" else text
