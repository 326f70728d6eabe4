"""The fit of recall: which memories matter for a prompt, and whether any does, learned from labelled prompts.

Run it with `python -m bench.recall_fit`; decision 24 says what it fits, on which data, and how far it errs.
"""
