"""Makes the candidates of a choice: memories with their odds, and what matters of their texts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from mnemo_server.domain.memories.memory import StoredMemory
from mnemo_server.domain.recall.choice import Candidate
from mnemo_server.domain.recall.prompts import Prompt
from mnemo_server.domain.recall.signs import SIGNS, read_signs
from mnemo_server.domain.search.analysis import analyse, analyse_query
from mnemo_server.services.recall.search import Found
from mnemo_server.services.recall.session import Opening

#: What is taken from the log odds of a memory of another project than the one worked in.
_ELSEWHERE: Final = 2.0
_NO_DIRECTION: Final = np.empty(0)
_RULE: Final = SIGNS.index("rules")
_VALUE: Final = SIGNS.index("number")
_CODE: Final = SIGNS.index("code")
#: Standing knowledge that is shown at the start of a session.
_STANDING_LINES: Final = 8
#: Log odds of what is pinned and of the last words: first and last in the block, whatever is found.
_PINNED: Final = 100.0
_LAST_WORDS: Final = 50.0


def for_prompt(
    found: Found, prompt: Prompt, is_elsewhere: Callable[[StoredMemory], bool] = lambda _: False
) -> list[Candidate]:
    """Return the candidates for a prompt, best first; of long memories the sentences that carry the match.

    Memories of other projects come later than their log odds alone would have it.
    """
    weigh = _weigh_by(prompt.text)
    odds = found.odds - found.discount - _ELSEWHERE * np.array([is_elsewhere(one) for one in found.memories])
    order = sorted(range(len(found.memories)), key=lambda at: (-odds[at], -found.memories[at].id))
    return [
        Candidate(found.memories[at], float(odds[at]), found.directions[at], weigh, float(found.discount[at]))
        for at in order
    ]


def for_session(opening: Opening) -> list[Candidate]:
    """Return the candidates for a session's start: what is pinned, how the last one ended, what stands."""
    weigh = _weigh_by("")
    pinned = [Candidate(one, _PINNED, _NO_DIRECTION, weigh) for one in opening.pinned]
    last = [Candidate(one, _LAST_WORDS, _NO_DIRECTION, weigh) for one in opening.last_words]
    taken = {one.memory.id for one in (*pinned, *last)}
    standing = [
        Candidate(memory, max(odds, 0.0), _NO_DIRECTION, weigh)
        for memory, odds in opening.standing
        if memory.id not in taken
    ]
    return [*pinned, *last, *standing[:_STANDING_LINES]]


def _weigh_by(question: str) -> Callable[[str], float]:
    """Return how much a sentence matters: the words it shares with the question, then rules and values."""
    wanted = set(analyse_query(question))

    def weigh(sentence: str) -> float:
        shared = wanted.intersection(analyse(sentence))
        signs = read_signs(sentence, is_by_person=False)
        return len(shared) + 0.5 * min(signs[_RULE], 2) + 0.3 * signs[_VALUE] + 0.2 * signs[_CODE]

    return weigh
