"""Fakes for tests of this server and of what builds on it. The server itself never imports them."""
