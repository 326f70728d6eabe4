"""The HTTP face of the server: requests in, answers out. No SQL, and no rules of its own."""
