"""How many tokens models may use in a day, and what they cost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from typing import Final, Literal, TypeAlias, get_args

from mnemo_server.domain.clock import MICROSECONDS, to_datetime

#: `llm`: extraction, tags and merges. `embedding`: vectors, where they cost money.
Kind: TypeAlias = Literal["llm", "embedding"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

DAY_US: Final = 86_400 * MICROSECONDS
#: Billionths of a currency that one token costs at a price of 1 per million.
_NANOS_PER_PRICE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of one kind of model a tenant may use, and what it costs."""

    daily_tokens: int | None = None
    """Limit of tokens per day, input and output together; None: no limit."""
    input_price: Decimal = Decimal(0)
    """Price of a million tokens sent."""
    output_price: Decimal = Decimal(0)
    """Price of a million tokens received."""

    def cost_nanos(self, input_tokens: int, output_tokens: int) -> int:
        """Return the price of a call in billionths of the currency, rounded up."""
        exact = (input_tokens * self.input_price + output_tokens * self.output_price) * _NANOS_PER_PRICE
        return int(exact.to_integral_value(ROUND_CEILING))


@dataclass(frozen=True, slots=True)
class Reservation:
    """Tokens set aside for a call. They count as spent until the reservation is settled or released."""

    tenant_id: int
    kind: Kind
    day: int
    """The day that the tokens are charged to, however late the call ends."""
    tokens: int


def day_of(now: int) -> int:
    """Return the day of a time: days since 1970-01-01, each beginning at midnight UTC."""
    return now // DAY_US


def day_begins_at(day: int) -> datetime:
    """Return the first moment of a day, UTC."""
    return to_datetime(day * DAY_US)


def name_day(day: int) -> str:
    """Return a day as text, such as `2026-11-24`."""
    return day_begins_at(day).date().isoformat()
