"""Redaction on this machine: what a hook sends holds no secret that the rules know.

The rules are the server's (`mnemos_redaction`, standard library only). A text that goes through both
is changed once, since marks never change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mnemos.hooks.settings import HookSettings

#: Sets the key of fingerprints apart from whatever else may be made of an API key one day.
_PURPOSE = b"mnemos redaction fingerprints 1\0"


class Redactor:
    """Puts marks in place of secrets; lets everything pass where redaction is switched off."""

    def __init__(self, settings: HookSettings) -> None:
        self._is_on = settings.redact
        self._fingerprint_key = make_fingerprint_key(settings.api_key)

    def clean(self, text: str) -> str:
        """Return a text without secrets. After an error there is nothing that may be sent."""
        if not self._is_on or not text:
            return text
        from mnemos_redaction import redact  # noqa: PLC0415 - costs 5 ms

        return redact(text, self._fingerprint_key).text


def make_fingerprint_key(api_key: str) -> bytes:
    """Return the key of fingerprints that all clients with one API key have in common."""
    return _PURPOSE + api_key.encode("utf-8", "surrogatepass")
