"""The database layer: named queries, two drivers behind one port, and migrations. It knows no tables."""
