"""Memories and jobs for a terminal. When piped, lines are neither cut nor coloured."""

from __future__ import annotations

import sys
from typing import Final

from mnemos_contract.base import WireModel
from mnemos_contract.history import Change, History
from mnemos_contract.jobs import Job, JobPage
from mnemos_contract.memories import Memory, MemoryPage
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from mnemos.cli.render_plain import printable

#: Maximum width of the tags of a row, in cells.
_TAGS_WIDTH: Final = 24


def print_page(page: MemoryPage) -> None:
    """Print one line per memory: id, age, confidence, tags, text."""
    console = open_console()
    ages = [_age(memory) for memory in page.memories]
    tags = [_tags(memory) for memory in page.memories]
    age_width = max(map(cell_len, ages), default=0)
    tags_width = min(_TAGS_WIDTH, max(map(cell_len, tags), default=0))
    for memory, age, tag in zip(page.memories, ages, tags, strict=True):
        line = Text(memory.id, style="cyan")
        line.append(f"  {set_cell_size(age, age_width)}", style="dim")
        if memory.confidence is not None:
            line.append(f"  {memory.confidence:>3}%", style="green")
        if tags_width:
            line.append(f"  {_fit(tag, tags_width)}", style="yellow")
        line.append(f"  {' '.join(printable(memory.content).split())}", style="default")
        print_line(console, line)
    _print_rest(page)


def print_memory(memory: Memory) -> None:
    """Print all fields of a memory, then its text."""
    console = open_console()
    _print_fields(console, memory, besides={"content"})
    console.print()
    console.print(Text(printable(memory.content)), soft_wrap=True)


def print_jobs(page: JobPage) -> None:
    """Print one line per job: id, kind, state, progress, target, and why it waits or failed."""
    console = open_console()
    progress = [f"{job.done}/{job.total}" if job.total else "" for job in page.jobs]
    width = max(map(len, progress), default=0)
    for job, parts in zip(page.jobs, progress, strict=True):
        line = Text(job.id, style="cyan")
        line.append(f"  {job.kind:<6}  {job.state.value:<7}", style="dim")
        if width:
            line.append(f"  {parts:>{width}}", style="green")
        line.append(f"  {printable(job.target)}", style="default")
        if reason := job.error or job.note:
            line.append(f"  {' '.join(printable(reason).split())}", style="yellow")
        print_line(console, line)
    if not page.jobs:
        print("no jobs", file=sys.stderr)  # noqa: T201  (beside the rows)


def print_job(job: Job) -> None:
    """Print all fields of a job."""
    _print_fields(open_console(), job)


def _print_fields(console: Console, model: WireModel, besides: set[str] | None = None) -> None:
    """Print one line per field that has a value."""
    shown = model.model_dump(mode="json", exclude_none=True, exclude=besides)
    width = max(map(len, shown))
    for name, value in shown.items():
        line = Text(f"{name:<{width}}  ", style="dim")
        line.append(printable(", ".join(value) if name == "tags" else str(value)), style="default")
        console.print(line, soft_wrap=True)


def print_history(history: History) -> None:
    """Print one line per change, and below it the earlier text if the change replaced it."""
    console = open_console()
    after = history.memory.content
    action_width = max((len(change.action) for change in history.changes), default=0)
    for change in history.changes:
        line = Text(f"{change.version:>3}  {change.action:<{action_width}}", style="cyan")
        line.append(f"  {change.happened_at.isoformat(sep=' ', timespec='seconds')}", style="dim")
        line.append(f"  {printable(_describe(change))}", style="default")
        print_line(console, line)
        before = after if change.before is None else str(change.before.get("content", after))
        if before != after:
            print_line(console, Text(f"     was: {' '.join(printable(before).split())}"))
        after = before


def _describe(change: Change) -> str:
    """Return who made a change, and why."""
    detail = "  ".join(f"{name}: {value}" for name, value in (change.detail or {}).items())
    return "  ".join(filter(None, (change.agent_id, detail)))


def open_console() -> Console:
    """Return the console on standard output."""
    is_terminal = sys.stdout.isatty()
    return Console(
        force_terminal=is_terminal,
        color_system="auto" if is_terminal else None,
        highlight=False,
        markup=False,
        emoji=False,
    )


def print_line(console: Console, line: Text) -> None:
    """Print a line; in a terminal it is cut to its width."""
    if console.is_terminal:
        console.print(line, no_wrap=True, overflow="ellipsis")
    else:
        console.print(line, soft_wrap=True)


def _print_rest(page: MemoryPage) -> None:
    """Print on stderr that there are no rows, or more rows."""
    if not page.memories:
        print("no memories found", file=sys.stderr)  # noqa: T201  (beside the rows)
        return
    end = page.offset + len(page.memories)
    if end < page.total:
        print(f"{end} of {page.total}; for more: --offset {end}", file=sys.stderr)  # noqa: T201  (beside the rows)


def _age(memory: Memory) -> str:
    return memory.relative_age or memory.updated_at.date().isoformat()


def _tags(memory: Memory) -> str:
    return printable(",".join(memory.tags or []))


def _fit(text: str, width: int) -> str:
    """Cut or pad a text to a width in cells of the terminal."""
    return set_cell_size(text, width - 1) + "…" if cell_len(text) > width else set_cell_size(text, width)
