"""Rules of search that need no index: terms, questions, traits."""
