"""Fakes for tests of this server and of programs that build on it. The server itself never imports them."""
