"""The five tools over the Model Context Protocol: what `mnemos mcp` and the server's `/mcp` share."""
