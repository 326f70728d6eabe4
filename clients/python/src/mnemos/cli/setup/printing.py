"""Lines that setup, doctor and uninstall print: a mark, a name, and a sentence."""

from __future__ import annotations

from typing import Final

import click

from mnemos.cli.render_plain import printable

OK: Final = "ok"
BAD: Final = "BAD"
#: Neither: something that is absent, or only for information.
NOTE: Final = "--"

_COLOURS: Final = {OK: "green", BAD: "red", NOTE: "yellow"}
_NAME_WIDTH: Final = 11


def print_line(mark: str, name: str, words: str, fix: str = "") -> None:
    """Print one line, and below it the command that fixes the problem, if any."""
    click.echo(f"{click.style(f'{mark:<3}', fg=_COLOURS[mark])}  {name:<{_NAME_WIDTH}}  {printable(words)}")
    if fix:
        click.echo(f"     {'':<{_NAME_WIDTH}}  {click.style(f'→ {printable(fix)}', bold=True)}")
