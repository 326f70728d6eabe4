"""What models cost, as people read it in a terminal."""

from __future__ import annotations

from typing import Final

from mnemos_contract.jobs import Budget, Spent, Usage
from rich.box import SIMPLE
from rich.table import Table

from mnemos.cli.memories.render import open_console

#: Decimals of an amount: one request costs millionths.
_DIGITS: Final = 6
#: When piped, a table is as wide as its numbers.
_PIPED_WIDTH: Final = 200


def print_usage(usage: Usage) -> None:
    """Print a line for each budget, and a table of the days."""
    console = open_console()
    for budget in usage.budgets:
        console.print(_describe(budget), soft_wrap=True)
    if not usage.days:
        console.print("nothing spent yet")
        return
    if not console.is_terminal:
        console.width = _PIPED_WIDTH
    table = Table(box=SIMPLE, pad_edge=False)
    for title in ("day", "kind"):
        table.add_column(title, no_wrap=True)
    for title in ("calls", "input", "output", "reserved", usage.currency):
        table.add_column(title, justify="right", no_wrap=True)
    for day in usage.days:
        table.add_row(*_cells(day))
    console.print(table)


def _describe(budget: Budget) -> str:
    limit = "no limit" if budget.daily_tokens is None else f"of {budget.daily_tokens:,}"
    until = f"resets at {budget.resets_at:%Y-%m-%d %H:%M} UTC"
    return f"{budget.kind:<9}  {budget.spent_tokens:,} tokens today, {limit}; {until}"


def _cells(day: Spent) -> tuple[str, ...]:
    counts = (day.calls, day.input_tokens, day.output_tokens, day.reserved_tokens)
    return (day.day, day.kind, *(f"{count:,}" for count in counts), f"{day.cost:,.{_DIGITS}f}")
