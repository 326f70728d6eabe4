"""The database layer: named queries, two drivers behind one port, migrations. It knows no table."""
