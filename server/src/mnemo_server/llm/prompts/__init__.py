"""The prompts and how a request is put together around them."""
