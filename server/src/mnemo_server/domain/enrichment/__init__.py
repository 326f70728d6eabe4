"""Rules for what a language model proposes."""
