"""Conversations that a host hands over whole, rather than as a transcript file.

Each hook gets everything the host still knows of the session, in order; what is new begins where the
messages that were captured last end. A host that shortened its session (a compaction) still ends on them.
"""

from __future__ import annotations

from mnemos.hooks.said import KNOWN_IDS, Cursor, SaidMessage, Window


def read_handed(messages: tuple[SaidMessage, ...], cursor: Cursor) -> Window:
    """Give the messages after those that the cursor knows; `seq` goes on from it."""
    ids = [message.message_id for message in messages]
    new = messages[find_new(ids, cursor.known_ids) :]
    numbered = [message._replace(seq=cursor.seq + place) for place, message in enumerate(new)]
    known_ids = (*cursor.known_ids, *(message.message_id for message in numbered))[-KNOWN_IDS:]
    return Window(numbered, cursor._replace(seq=cursor.seq + len(numbered), known_ids=known_ids))


def find_new(ids: list[str], known_ids: tuple[str, ...]) -> int:
    """Give the place in `ids` after the longest run that the known ones end with; 0 when there is none.

    Ids made of texts repeat where people do ("yes"): the longest run is the true place, and of equally
    long ones the last.
    """
    best_length, best_end = 0, 0
    for end in range(len(ids), 0, -1):
        length = _count_common_end(ids, end, known_ids)
        if length > best_length:
            best_length, best_end = length, end
    return best_end


def _count_common_end(ids: list[str], end: int, known_ids: tuple[str, ...]) -> int:
    limit = min(end, len(known_ids))
    length = 0
    while length < limit and ids[end - 1 - length] == known_ids[-1 - length]:
        length += 1
    return length
