"""Reports as Markdown, each between two markers of docs/benchmarks.md."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"


def replace_between_markers(page: Path, name: str, report: str) -> None:
    """Put a report between `<!-- name:begin -->` and `<!-- name:end -->`; everything outside is kept.

    Raises:
        ValueError: the page doesn't contain each marker once, in this order.
    """
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    text = page.read_text(encoding="utf-8")
    before, found_begin, rest = text.partition(begin)
    _, found_end, after = rest.partition(end)
    if not found_begin or not found_end or begin in after or end in after:
        raise ValueError(f"{page} must hold {begin} and {end} once each, in this order")
    page.write_text(f"{before}{begin}\n{report}\n{end}{after}", encoding="utf-8")


def publish(name: str, report: str, *, write: bool) -> None:
    """Print a report, or write it into docs/benchmarks.md."""
    if write:
        replace_between_markers(PAGE, name, report)
        print(f"written to {PAGE}", file=sys.stderr)
    else:
        print(report)


def render_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table; all columns but the first contain figures."""
    marks = ["---", *["---:"] * (len(head) - 1)]
    return [f"| {' | '.join(cells)} |" for cells in (head, marks, *rows)]


def describe_command(program: str) -> str:
    """Return the command that was run, without passwords and without the folders of files."""
    arguments = [re.sub(r"(?<=//)([^:@/]*):[^@]*@", r"\1:***@", argument) for argument in sys.argv[1:]]
    names = [Path(argument).name if Path(argument).is_file() else argument for argument in arguments]
    return shlex.join(["python", "-m", program, *names])
