"""Finds secrets in a text and puts marks in their place, before anything is stored, embedded, logged or sent.

What is recognised is told to users in docs/redaction.md. The rules in one paragraph: keys of known form and
private blocks are secrets wherever they stand; anything else is one only where it is assigned to a name that
says so, and only if it isn't an obvious placeholder. Every rule takes time linear in the length of the text.
"""

from __future__ import annotations

from mnemos_redaction.marks import MARK
from mnemos_redaction.redact import Finding, Redacted, redact

__all__ = ["MARK", "Finding", "Redacted", "redact"]
