"""Models elsewhere: OpenAI-compatible endpoints and TiDB Cloud."""
