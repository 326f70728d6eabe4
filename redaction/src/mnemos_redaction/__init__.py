"""Finds secrets in text and replaces them with marks, before anything is stored, embedded, logged or sent.

docs/redaction.md lists what is recognised; docs/developing/redaction-rules.md explains how the rules work.
In short: keys with a recognisable format and private blocks are secrets anywhere. Anything else is a secret
only if it is assigned to a name of a secret, or at a place where secrets are expected, and isn't a
placeholder. Every rule takes time linear in the length of the text.
"""

from __future__ import annotations

from mnemos_redaction.marks import MARK
from mnemos_redaction.redact import Finding, Redacted, redact

__all__ = ["MARK", "Finding", "Redacted", "redact"]
