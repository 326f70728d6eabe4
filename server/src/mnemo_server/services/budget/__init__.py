"""What models may take of a tenant in a day, asked before each request."""
