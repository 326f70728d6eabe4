"""The spool and the process that sends it."""
