"""Commands on a server: `status`, `jobs`, `usage`, `redact`."""
