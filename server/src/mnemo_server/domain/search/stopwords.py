"""English function words that carry no meaning for search."""

from __future__ import annotations

_WORDS = """
a an the this that these those
and or but nor so if then than as because while although though until unless since
of at by for with about against between into through during before after above below
to from in out on off over under up down onto upon within without toward towards
i me my mine myself we us our ours ourselves you your yours yourself yourselves
he him his himself she her hers herself it its itself they them their theirs themselves
who whom whose which what when where why how
be am is are was were been being do does did doing done have has had having
can could shall should will would may might must ought cannot
no not only own same too very just again further once here there
all any both each few more most other some such
also ever yet etc e.g i.e
"""

STOP_WORDS = frozenset(_WORDS.split())
"""Words that are removed from both documents and queries; compare folded words with it."""

CONTRACTED_ENDINGS = frozenset({"s", "d", "m", "t", "ll", "re", "ve", "em"})
"""Endings that may follow the apostrophe of an English word and have no meaning of their own."""
