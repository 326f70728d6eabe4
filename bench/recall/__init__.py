"""The recall benchmark: how much of what answers a question a search finds.

Run it with `python -m bench.recall`; `docs/benchmarks.md` says what it measures and how to read it.
"""
