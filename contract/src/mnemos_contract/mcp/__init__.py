"""The five tools over the Model Context Protocol: what the client's server and the server itself share."""
