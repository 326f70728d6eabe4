"""What the benchmarks share: real servers and databases, a small client, and pages for reports."""
