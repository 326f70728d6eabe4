"""The local model: tokenizer, network, passages."""
