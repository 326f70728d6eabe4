"""The search benchmark: how long a whole search takes, and what it takes, with up to a million memories.

Run it with `python -m bench.search`; `docs/benchmarks.md` says what it measures and how to read it.
"""
