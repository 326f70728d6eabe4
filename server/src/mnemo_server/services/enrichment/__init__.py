"""Turns conversations into facts with a language model, in jobs."""
