"""Conversations that a host hands over whole, rather than as a transcript file.

Each hook gets everything the host still knows of the session, in order; what is new stands behind what was
captured. A host that shortened its session (a compaction) still ends on that.
"""

from __future__ import annotations

from mnemos.hooks.messages import KNOWN_IDS, Cursor, SaidMessage, Window


def read_new_messages(
    messages: tuple[SaidMessage, ...], cursor: Cursor, *, has_unique_ids: bool = False
) -> Window:
    """Return the messages after those that the cursor knows; `seq` goes on from it.

    `has_unique_ids` says that the host names each message once, and not by its text.
    """
    ids = [message.message_id for message in messages]
    find = find_new_by_id if has_unique_ids else find_new
    new = messages[find(ids, cursor.known_ids) :]
    numbered = [message._replace(seq=cursor.seq + place) for place, message in enumerate(new)]
    known_ids = (*cursor.known_ids, *(message.message_id for message in numbered))[-KNOWN_IDS:]
    return Window(numbered, cursor._replace(seq=cursor.seq + len(numbered), known_ids=known_ids))


def find_new(ids: list[str], known_ids: tuple[str, ...]) -> int:
    """Return the place in `ids` after the longest run that the known ones end with; 0 when there is none.

    Ids made of texts repeat where people do ("yes"): the longest run is the true place, and of equally
    long ones the last.
    """
    best_length, best_end = 0, 0
    for end in range(len(ids), 0, -1):
        length = _count_common_end(ids, end, known_ids)
        if length > best_length:
            best_length, best_end = length, end
    return best_end


def find_new_by_id(ids: list[str], known_ids: tuple[str, ...]) -> int:
    """Return the place in `ids` after the last one that is known, where no id is used twice; 0 for none.

    The last known ones may be missing: hosts drop what the user takes back.
    """
    known = set(known_ids)
    return next((end for end in range(len(ids), 0, -1) if ids[end - 1] in known), 0)


def _count_common_end(ids: list[str], end: int, known_ids: tuple[str, ...]) -> int:
    limit = min(end, len(known_ids))
    length = 0
    while length < limit and ids[end - 1 - length] == known_ids[-1 - length]:
        length += 1
    return length
