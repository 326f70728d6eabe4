"""The MCP server: five tools over standard input and output."""
