"""Use cases of recall: what a model is shown, and the records of it."""
