"""Redaction on this machine: what a hook sends contains no secret that the rules know.

The rules are the server's (`mnemos_redaction`, standard library only). A text that is redacted by both
changes only once, since marks never change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mnemos.hooks.settings import HookSettings

#: Distinguishes the key of fingerprints from anything else that may be derived from an API key one day.
_PURPOSE = b"mnemos redaction fingerprints 1\0"


class Redactor:
    """Replaces secrets by marks; changes nothing if redaction is off."""

    def __init__(self, settings: HookSettings) -> None:
        self._is_on = settings.redact
        self._fingerprint_key = make_fingerprint_key(settings.api_key)

    def clean(self, text: str) -> str:
        """Return a text without secrets. If this raises, the text must not be sent."""
        if not self._is_on or not text:
            return text
        from mnemos_redaction import redact  # noqa: PLC0415 - costs 5 ms

        return redact(text, self._fingerprint_key).text


def make_fingerprint_key(api_key: str) -> bytes:
    """Return the key of fingerprints, which is the same for all clients with one API key."""
    return _PURPOSE + api_key.encode("utf-8", "surrogatepass")
