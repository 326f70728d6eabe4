"""The embedded engine: SQLite behind the `Database` port."""
