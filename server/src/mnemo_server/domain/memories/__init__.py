"""Rules of memories: making, changing, comparing, filtering, going back."""
