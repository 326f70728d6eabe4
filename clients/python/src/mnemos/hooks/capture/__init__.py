"""Capture: new messages, filtered and redacted, on their way to the spool."""
