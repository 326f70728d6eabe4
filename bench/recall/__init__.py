"""The recall benchmark: how much of the evidence for a question a search finds.

Run it with `python -m bench.recall`; `docs/benchmarks.md` says what it measures and how to read it.
"""
