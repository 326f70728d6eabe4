"""Where a window of messages belongs in what a session already holds.

Hosts resend windows of a conversation that overlap. A window is placed where it and the session agree over
their whole overlap: inside the session nothing is new, over its end the rest is, and without any overlap all
of it is. So a resent window adds nothing, and somebody who says "yes" twice is kept twice.

One case nobody can tell apart without `seq`: a window that the session holds already may be a resend, or
somebody said all of it again. Three messages in a row are hardly ever said again, so they are a resend
wherever they lie; one or two ("yes", "run the tests") are so only at the very end of the session.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

#: Messages in a row that nobody says again word for word.
DISTINCTIVE_LENGTH: Final = 3


def count_known(stored: Sequence[bytes], window: Sequence[bytes]) -> int:
    """Count the messages at the head of `window` that the session holds already.

    Args:
        stored: fingerprints of the session's messages, in order.
        window: fingerprints of the messages sent, in order.

    Returns:
        `len(window)` when a window of `DISTINCTIVE_LENGTH` lies anywhere in the session, else the length of
        the longest head of the window that ends the session, which may be all of it. Linear time (Knuth,
        Morris, Pratt: Fast Pattern Matching in Strings, 1977).
    """
    if not window:
        return 0
    fallback = _fallbacks(window)
    matched = 0
    for fingerprint in stored:
        if matched == len(window):  # found, but further in than its length can prove
            matched = fallback[matched - 1]
        while matched and window[matched] != fingerprint:
            matched = fallback[matched - 1]
        if window[matched] == fingerprint:
            matched += 1
        if matched == len(window) and len(window) >= DISTINCTIVE_LENGTH:
            return matched
    return matched


def _fallbacks(window: Sequence[bytes]) -> list[int]:
    """For each head of the window, the length of its longest proper head that also ends it."""
    fallback = [0] * len(window)
    length = 0
    for place in range(1, len(window)):
        while length and window[place] != window[length]:
            length = fallback[length - 1]
        if window[place] == window[length]:
            length += 1
        fallback[place] = length
    return fallback
