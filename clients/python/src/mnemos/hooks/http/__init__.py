"""HTTP with few imports: a hook has only milliseconds."""
