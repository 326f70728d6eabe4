"""The HTTP layer of the server: requests in, responses out. No SQL, and no rules of its own."""
