"""Embeds memories in the background, after they are stored."""
