"""Options that several commands share, and how their values are read."""

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
            self.fail(f"{value!r} isn't JSON; it looks like '{{\"ticket\": 42}}'", param, ctx)


tag_option = click.option("--tag", "tags", multiple=True, metavar="TAG", help="A tag; may be repeated.")
source_option = click.option("--source", metavar="TEXT", help="Where it comes from.")
suggest_option = click.option(
    "--suggest-tags", is_flag=True, default=None, help="Tell the tags of the nearest memories; none is set."
)
metadata_option = click.option("--metadata", type=JsonValue(), metavar="JSON", help="JSON to keep with it.")

_TYPES: Final = ["pinned", "insight", "session"]
_FILTERS: Final[tuple[Callable[[Any], Any], ...]] = (
    click.option("--tag", "tags", multiple=True, metavar="TAG", help="With this tag; repeated: with all."),
    click.option(
        "--type", "memory_type", multiple=True, metavar="TYPE", type=click.Choice(_TYPES),
        help="pinned, insight or session; repeated: any of them.",
    ),
    click.option("--agent", "agent_id", metavar="ID", help="Of this agent only."),
    click.option("--session", "session_id", metavar="ID", help="Of this session only."),
    click.option("--project", metavar="NAME", help="Of this project only."),
    click.option("--subject", metavar="NAME", help="About this subject only."),
    click.option("--source", metavar="TEXT", help="From this source only."),
    click.option("--as-of", metavar="TIME", help="As it was then: 2026-11-24, or 2026-11-24T10:00:00Z."),
    click.option(
        "--superseded", "include_superseded", is_flag=True, default=None,
        help="Also memories whose place others took.",
    ),
    click.option("--limit", type=click.IntRange(1, 200), metavar="N", help="How many, 1 to 200; default 10."),
    click.option("--offset", type=click.IntRange(0), metavar="N", help="How many to skip."),
)  # fmt: skip


def filter_options(command: Callable[P, None]) -> Callable[P, None]:
    """Add the filters that `search` and `list` share."""
    for option in reversed(_FILTERS):
        command = option(command)
    return command


def examples(*lines: str) -> str:
    r"""Give the end of a command's help; `\b` keeps its lines as they are."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])


def given(options: dict[str, Any]) -> dict[str, Any]:
    """Keep the options that were given: the others are the server's to decide."""
    return {name: value for name, value in options.items() if value is not None and value != ()}


def read_text(text: str) -> str:
    """Give the text, or what stands on stdin for `-`, without the line ends at its end."""
    return sys.stdin.read().rstrip("\n") if text == "-" else text
