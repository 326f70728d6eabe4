"""Recall: the blocks of memories that a model is shown."""
