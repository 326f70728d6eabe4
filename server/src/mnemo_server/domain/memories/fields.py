"""What each field of a memory contains, declared once beside the field.

Snapshots, earlier versions, the removal of secrets, and rows are derived from these declarations. A field
without one raises an error as soon as the module of the memory is imported.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final, NamedTuple, get_type_hints


class Content(Enum):
    """What a field contains."""

    VALUE = auto()
    """A number, a name chosen by the server, or a name that identifies an agent: never a secret."""
    IDS = auto()
    """A tuple of ids."""
    TEXT = auto()
    """A text of any length, which may contain secrets."""
    NAME = auto()
    """A short text, which may contain secrets."""
    NAMES = auto()
    """A tuple of short texts."""
    JSON = auto()
    """JSON text exactly as it was received, which may contain secrets."""


class Rule(NamedTuple):
    """How a field is treated."""

    content: Content
    in_snapshot: bool = True
    """False for fields that are the same in all versions, or computed from other fields."""


VALUE: Final = Rule(Content.VALUE)
IDS: Final = Rule(Content.IDS)
TEXT: Final = Rule(Content.TEXT)
NAME: Final = Rule(Content.NAME)
NAMES: Final = Rule(Content.NAMES)
JSON: Final = Rule(Content.JSON)
#: The same in all versions.
FIXED: Final = Rule(Content.VALUE, in_snapshot=False)
FIXED_NAME: Final = Rule(Content.NAME, in_snapshot=False)
#: Computed from other fields.
DERIVED: Final = Rule(Content.VALUE, in_snapshot=False)

#: Contents that are tuples in memory and JSON arrays elsewhere.
TUPLES: Final = frozenset({Content.IDS, Content.NAMES})
#: Contents that are searched for secrets.
MAY_HAVE_SECRETS: Final = frozenset({Content.TEXT, Content.NAME, Content.NAMES, Content.JSON})


def rules_of(record: type) -> dict[str, Rule]:
    """Return the rule of each field of a dataclass, in the order of the fields.

    Raises:
        TypeError: a field doesn't have exactly one rule.
    """
    rules = {}
    for name, hint in get_type_hints(record, include_extras=True).items():
        found = [part for part in getattr(hint, "__metadata__", ()) if isinstance(part, Rule)]
        if len(found) != 1:
            raise TypeError(f"{record.__name__}.{name} needs one rule of domain/memories/fields.py.")
        rules[name] = found[0]
    return rules
