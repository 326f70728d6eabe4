"""What `tools/generate.py` makes from the contract, one module per kind of file."""
