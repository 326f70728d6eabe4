"""Where a window of messages belongs among the messages that a session already contains.

Hosts resend overlapping windows of a conversation. A window is placed where it and the session agree over
their whole overlap. Inside the session nothing of it is new; across the end of the session the rest is new;
without any overlap all of it is new. So a resent window adds nothing, and a "yes" that was said twice is kept
twice.

One case is ambiguous without `seq`: a window that the session already contains may be a resend, or all of it
was said again. Three messages in a row are hardly ever said again, so they are a resend wherever they are in
the session; one or two ("yes", "run the tests") are a resend only at the very end of the session.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

#: Messages in a row that are hardly ever said again word for word.
DISTINCTIVE_LENGTH: Final = 3


def count_known(stored: Sequence[bytes], window: Sequence[bytes]) -> int:
    """Return how many messages at the head of `window` the session already contains.

    Args:
        stored: fingerprints of the session's messages, in order.
        window: fingerprints of the messages sent, in order.

    Returns:
        `len(window)` when a window of at least `DISTINCTIVE_LENGTH` messages is anywhere in the session, else
        the length of the longest head of the window that ends the session, which may be all of it. Takes
        linear time (Knuth, Morris, Pratt: Fast Pattern Matching in Strings, 1977).
    """
    if not window:
        return 0
    fallback = _fallbacks(window)
    matched = 0
    for fingerprint in stored:
        if matched == len(window):  # found before the end, where a window this short proves nothing
            matched = fallback[matched - 1]
        while matched and window[matched] != fingerprint:
            matched = fallback[matched - 1]
        if window[matched] == fingerprint:
            matched += 1
        if matched == len(window) and len(window) >= DISTINCTIVE_LENGTH:
            return matched
    return matched


def _fallbacks(window: Sequence[bytes]) -> list[int]:
    """Return, for each head of the window, the length of its longest proper head that also ends it."""
    fallback = [0] * len(window)
    length = 0
    for place in range(1, len(window)):
        while length and window[place] != window[length]:
            length = fallback[length - 1]
        if window[place] == window[length]:
            length += 1
        fallback[place] = length
    return fallback
