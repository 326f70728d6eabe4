"""The load benchmark: how fast each operation of a real server is, and what it costs.

Run it with `python -m bench.load`; `docs/benchmarks.md` says what it measures and how to read it.
"""
