"""Questions to a language model, and what it answers, checked."""
