"""What a model is really shown: prompts of users of coding agents, through the product's own hook.

Run it with `python -m bench.recall_blocks`; `docs/benchmarks.md` says what it measures and how to read it.
"""
