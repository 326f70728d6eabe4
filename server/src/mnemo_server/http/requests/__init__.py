"""What is read of a request before a handler sees it."""
