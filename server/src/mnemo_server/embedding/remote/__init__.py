"""Remote models: OpenAI-compatible endpoints and TiDB Cloud."""
