"""The prompts, and how requests are built from them."""
