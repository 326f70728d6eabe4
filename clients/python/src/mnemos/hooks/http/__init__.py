"""HTTP with few imports: a hook has milliseconds."""
