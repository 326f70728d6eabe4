"""Ranking, from a question to scored hits: candidates, context, late interaction, confidence."""
