"""Finds the new messages where a host passes the whole conversation instead of a transcript file.

Each hook gets everything that the host still has of the session, in order; new messages follow those that
were captured. This is also true after the host has shortened its session (a compaction).
"""

from __future__ import annotations

from mnemos.hooks.messages import KNOWN_IDS, Cursor, SaidMessage, Window


def read_new_messages(
    messages: tuple[SaidMessage, ...], cursor: Cursor, *, has_unique_ids: bool = False
) -> Window:
    """Return the messages after those that the cursor knows; `seq` continues from the cursor.

    `has_unique_ids` means that the host gives each message its own id, not one made from its text.
    """
    ids = [message.message_id for message in messages]
    find = find_new_by_id if has_unique_ids else find_new
    new = messages[find(ids, cursor.known_ids) :]
    numbered = [message._replace(seq=cursor.seq + place) for place, message in enumerate(new)]
    known_ids = (*cursor.known_ids, *(message.message_id for message in numbered))[-KNOWN_IDS:]
    return Window(numbered, cursor._replace(seq=cursor.seq + len(numbered), known_ids=known_ids))


def find_new(ids: list[str], known_ids: tuple[str, ...]) -> int:
    """Return the index in `ids` after the longest run that is the end of `known_ids`; 0 if there is none.

    Ids made from texts repeat when people repeat themselves ("yes"): the longest run is the right one, and
    the last one among runs of equal length.
    """
    best_length, best_end = 0, 0
    for end in range(len(ids), 0, -1):
        length = _count_common_end(ids, end, known_ids)
        if length > best_length:
            best_length, best_end = length, end
    return best_end


def find_new_by_id(ids: list[str], known_ids: tuple[str, ...]) -> int:
    """Return the index in `ids` after the last known one, where no id is used twice; 0 if none is known.

    The last known ids may be missing: hosts drop messages that the user takes back.
    """
    known = set(known_ids)
    return next((end for end in range(len(ids), 0, -1) if ids[end - 1] in known), 0)


def _count_common_end(ids: list[str], end: int, known_ids: tuple[str, ...]) -> int:
    limit = min(end, len(known_ids))
    length = 0
    while length < limit and ids[end - 1 - length] == known_ids[-1 - length]:
        length += 1
    return length
