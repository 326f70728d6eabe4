"""Recall: which memories matter for a prompt, and how they are shown."""
