"""The search benchmark: the time and the resources of a whole search, with up to a million memories.

Run it with `python -m bench.search`; `docs/benchmarks.md` says what it measures and how to read it.
"""
